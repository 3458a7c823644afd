import { Injectable } from '@nestjs/common';
import type { SessionOwner } from '../auth/sessions/session.js';

/** A session elsewhere that a session here came from, such as that of an identity provider. */
export interface UpstreamSession {
  /** Name of who has it. */
  readonly name: string;
  /**
   * Where the browser goes to end it; null where it cannot be ended, or not now. It may be asked for after the session
   * here has ended.
   * @param returnTo where it leads then, which has to be registered there; null for nowhere
   */
  endUrl(returnTo: string | null): Promise<URL | null>;
}

/** Finds the session elsewhere that a session came from; null where there is none. */
export type UpstreamSessionSource = (session: SessionOwner) => Promise<UpstreamSession | null>;

/** Sessions elsewhere, which a sign-out can end too. A module registers its own in `onModuleInit`. */
@Injectable()
export class UpstreamSignOut {
  private readonly sources: UpstreamSessionSource[] = [];

  register(source: UpstreamSessionSource): void {
    this.sources.push(source);
  }

  /** The session elsewhere that a session came from; null where there is none. To be asked before the session here ends. */
  async of(session: SessionOwner): Promise<UpstreamSession | null> {
    for (const source of this.sources) {
      const found = await source(session);
      if (found) return found;
    }
    return null;
  }
}
