import { Inject, Injectable, Optional } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Config } from '../config/config.js';
import { baseUrl } from '../config/own-url.js';
import { TOKEN_PLACEHOLDER } from '../config/variables/schemas.js';

/**
 * The links in mails. Without a template of its own, a link starts with `APP_URL`, or with the service's own address when
 * there is none; the Host header of a request never appears in a mail.
 */
@Injectable()
export class MailLinks {
  constructor(
    @Inject(Config)
    private readonly config: Pick<
      Config,
      'appUrl' | 'host' | 'port' | 'publicPath' | 'invitationLink' | 'resetLink' | 'emailLink'
    >,
    @Optional() private readonly http?: HttpAdapterHost,
  ) {}

  /** The page to accept an invitation: that of `INVITATION_LINK`, or this service's. */
  join(token: string): URL {
    return new URL(linkOf(this.config.invitationLink ?? `${this.base}/join?token=${TOKEN_PLACEHOLDER}`, token));
  }

  /** The page to choose a new password: that of `RESET_LINK`, or this service's. */
  resetPassword(token: string): URL {
    return new URL(linkOf(this.config.resetLink ?? `${this.base}/reset-password?token=${TOKEN_PLACEHOLDER}`, token));
  }

  /** The page to confirm a new e-mail: that of `EMAIL_LINK`, or this service's. */
  confirmEmail(token: string): URL {
    return new URL(linkOf(this.config.emailLink ?? `${this.base}/confirm-email?token=${TOKEN_PLACEHOLDER}`, token));
  }

  /** The page of this service to take a change of the e-mail back. */
  revertEmail(token: string): URL {
    return new URL(linkOf(`${this.base}/revert-email?token=${TOKEN_PLACEHOLDER}`, token));
  }

  /** The page of this service to link an identity at a provider. */
  confirmIdentity(token: string): URL {
    return new URL(linkOf(`${this.base}/confirm-identity?token=${TOKEN_PLACEHOLDER}`, token));
  }

  /** The page to request a password reset. */
  forgotPassword(): URL {
    return new URL(`${this.base}/forgot-password`);
  }

  /** The address of a path at the origin of this service; a whole URL as it is. */
  image(pathOrUrl: string): URL {
    return new URL(pathOrUrl, this.base);
  }

  private get base(): string {
    return baseUrl(this.config, this.http);
  }
}

/** The link of a template. The token is percent-encoded (RFC 3986). */
const linkOf = (template: string, token: string): string =>
  template.replaceAll(TOKEN_PLACEHOLDER, () => encodeURIComponent(token));
