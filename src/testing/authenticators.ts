import { Secret, TOTP } from 'otpauth';

/** As much of a CDP session of Playwright or Puppeteer as is needed. */
interface CdpSession {
  send(method: string, parameters?: object): Promise<unknown>;
}

/** A page of Playwright, in Chromium. */
export interface ChromiumPage {
  context(): { newCDPSession(page: never): Promise<unknown> };
}

/** A passkey on a virtual authenticator. */
export interface VirtualPasskey {
  /** Base64. */
  readonly credentialId: string;
  readonly signCount: number;
}

/** What the virtual authenticator is like. */
export interface PasskeyOptions {
  /** Whether its passkeys are synced to other devices, true by default; else they are bound to it, and counted. */
  readonly synced?: boolean;
}

/**
 * Gives a page of Chromium an authenticator: passkeys are made and used on it without a person. It lasts as long as the page.
 * The page is one of `http://localhost`, since browsers have passkeys in secure contexts only, and none for IP addresses.
 */
export async function passkey(page: ChromiumPage, { synced = true }: PasskeyOptions = {}): Promise<Passkeys> {
  const cdp = (await page.context().newCDPSession(page as never)) as CdpSession;
  await cdp.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    ctap2Version: 'ctap2_1',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
    defaultBackupEligibility: synced,
    defaultBackupState: synced,
  };
  const { authenticatorId } = (await cdp.send('WebAuthn.addVirtualAuthenticator', { options })) as Added;
  return new Passkeys(cdp, authenticatorId);
}

interface Added {
  readonly authenticatorId: string;
}

/** The virtual authenticator of a page. */
export class Passkeys {
  constructor(
    private readonly cdp: CdpSession,
    private readonly authenticatorId: string,
  ) {}

  /** The passkeys on it. */
  async list(): Promise<VirtualPasskey[]> {
    const { credentials } = (await this.send('getCredentials')) as { credentials: VirtualPasskey[] };
    return credentials;
  }

  /** Puts passkeys of another authenticator onto it, as `list` gave them: a copy of that device. */
  async copy(passkeys: readonly VirtualPasskey[]): Promise<void> {
    for (const credential of passkeys) await this.send('addCredential', { credential });
  }

  /** Whether the person passes its user verification from now on: PIN, fingerprint or face. */
  async setUserVerified(isUserVerified: boolean): Promise<void> {
    await this.send('setUserVerified', { isUserVerified });
  }

  /**
   * Whether the person touches it at once when it is asked, as at the start; without, it waits. It holds for requests that
   * come later: one that waits already goes on waiting.
   */
  async setPresent(enabled: boolean): Promise<void> {
    await this.send('setAutomaticPresenceSimulation', { enabled });
  }

  private send(method: string, parameters: object = {}): Promise<unknown> {
    return this.cdp.send(`WebAuthn.${method}`, { authenticatorId: this.authenticatorId, ...parameters });
  }
}

const STEP_MS = 30_000;
/** How long a code may be on its way. */
const LATE_MS = 3_000;

/** An authenticator app: gives the next code at each call. @throws Error when there is none until time passes */
export type NextCode = () => string;

/**
 * The authenticator app of a key. The service accepts a code once, and those of three steps of 30 seconds at a time: so
 * there are three codes at once, and one more with each step.
 * @param secret the key, in base32
 */
export function authenticatorOf(secret: string): NextCode {
  let next = 0;
  return () => {
    const now = Math.floor(Date.now() / STEP_MS);
    // The oldest step that is still accepted when the code arrives.
    const step = Math.max(next, Math.floor((Date.now() + LATE_MS) / STEP_MS) - 1);
    if (step > now + 1) {
      throw new Error("A code is accepted once: await iam.clock.advance('30 seconds') before the next one.");
    }
    next = step + 1;
    return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: step * STEP_MS });
  };
}
