import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AccountDirectoryRepository } from '../../accounts/account-directory.repository.js';
import { hashToken, SecretBox } from '../../auth/tokens/secrets.js';
import { type Transaction, Transactions } from '../../json-api/sql/sql.js';
import { MailLinks } from '../../mail/mail.links.js';
import { MailService } from '../../mail/mail.service.js';
import { OneTimeTokensRepository } from '../../one-time-tokens/one-time-tokens.repository.js';
import { OutboxHandlers } from '../../outbox/outbox.handlers.js';
import { openToken, Outbox, sealToken } from '../../outbox/outbox.js';
import type { OutboxTasks } from '../../outbox/outbox.tasks.js';
import { IdentitiesRepository } from './identities.repository.js';

declare module '../../outbox/outbox.tasks.js' {
  interface OutboxTasks {
    /** Asks the owner of an account whether an identity is theirs, with the token that links it, while it is good. */
    'mail.identity_confirm': { sealedToken: string };
    /** Notifies the owner of an account that an identity at a provider of that name was linked, at that time (ISO 8601). */
    'mail.identity_linked': { accountId: string; provider: string; changedAt: string };
    /** Notifies the owner of an account that an identity at a provider of that name was unlinked, at that time (ISO 8601). */
    'mail.identity_unlinked': { accountId: string; provider: string; changedAt: string };
  }
}

const PROOF = 'mail.identity_confirm';
const LINKED = 'mail.identity_linked';
const UNLINKED = 'mail.identity_unlinked';

/** The mails about identities: whether one is the owner's, and that one was linked or unlinked. */
@Injectable()
export class IdentityMailer implements OnModuleInit {
  constructor(
    private readonly identities: IdentitiesRepository,
    private readonly accounts: AccountDirectoryRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly transactions: Transactions,
    private readonly secrets: SecretBox,
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly mail: MailService,
    private readonly links: MailLinks,
  ) {}

  onModuleInit(): void {
    this.handlers.register(PROOF, (payload) => this.deliverProof(payload));
    this.handlers.register(LINKED, (payload, { id }) => this.deliverNotice('identity-linked', payload, id));
    this.handlers.register(UNLINKED, (payload, { id }) => this.deliverNotice('identity-unlinked', payload, id));
  }

  /** Queues the mail that asks whether an identity is the owner's, with the token that links it. */
  async queueProof(token: string, tx: Transaction): Promise<void> {
    await this.outbox.enqueue(tx, PROOF, { sealedToken: sealToken(this.secrets, PROOF, token) });
  }

  /** Queues the mail that an identity was linked. */
  async queueLinked(tx: Transaction, accountId: string, providerId: string): Promise<void> {
    const provider = (await this.identities.providerOf(providerId, tx))?.name ?? '';
    await this.outbox.enqueue(tx, LINKED, { accountId, provider, changedAt: new Date().toISOString() });
  }

  /** Queues the mail that an identity was unlinked. */
  async queueUnlinked(tx: Transaction, accountId: string, providerId: string): Promise<void> {
    const provider = (await this.identities.providerOf(providerId, tx))?.name ?? '';
    await this.outbox.enqueue(tx, UNLINKED, { accountId, provider, changedAt: new Date().toISOString() });
  }

  /** Sends nothing after the token was used, replaced or revoked. */
  private async deliverProof({ sealedToken }: OutboxTasks[typeof PROOF]): Promise<void> {
    const token = openToken(this.secrets, PROOF, sealedToken);
    const found = await this.tokens.find('identity_link', hashToken(token));
    if (!found || found.expired) return;
    const { name, email, locale, data, expiresAt } = found;
    const provider = await this.identities.providerOf(data.providerId, this.transactions);
    if (!provider) return;
    await this.mail.send({
      template: 'identity-confirm',
      to: { name, email, locale },
      data: { link: this.links.confirmIdentity(token), provider: provider.name, expiresAt },
      identity: [PROOF, hashToken(token)],
    });
  }

  private async deliverNotice(
    template: 'identity-linked' | 'identity-unlinked',
    { accountId, provider, changedAt }: OutboxTasks[typeof LINKED],
    job: string,
  ): Promise<void> {
    const account = await this.accounts.recipient(accountId);
    if (!account) return;
    const data = { provider, changedAt: new Date(changedAt) };
    await this.mail.send({ template, to: account, data, identity: [template, job] });
  }
}
