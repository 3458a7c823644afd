import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { MailService, MailTemplates, Outbox, OutboxHandlers, sql, type Transaction, Transactions } from 'iam';

declare module 'iam' {
  interface MailData {
    'team-joined': { team: string };
  }
  interface OutboxTasks {
    'teams.joined': { accountId: string; teamId: string };
  }
}

/** Mails accounts that they were added to a team: a mail of its own, queued with the write and sent after its commit. */
@Injectable()
export class TeamJoinedMailer implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly handlers: OutboxHandlers,
    private readonly templates: MailTemplates,
    private readonly mail: MailService,
    private readonly transactions: Transactions,
  ) {}

  onModuleInit(): void {
    const folder = fileURLToPath(new URL('../../mails', import.meta.url));
    this.templates.add(folder, { 'team-joined': { team: 'Blue' } });
    this.handlers.register('teams.joined', (job, { id }) => this.deliver(job.accountId, job.teamId, id));
  }

  queue(tx: Transaction, accountId: string, teamId: string): Promise<void> {
    return this.outbox.enqueue(tx, 'teams.joined', { accountId, teamId });
  }

  private async deliver(accountId: string, teamId: string, jobId: string): Promise<void> {
    const [found] = await this.transactions.query<{ name: string; email: string; team: string }>(sql`
      SELECT account.name, account.email, team.name AS team FROM team_members member
      JOIN accounts account ON account.id = member.account_id JOIN teams team ON team.id = member.team_id
      WHERE account.id = ${accountId} AND team.id = ${teamId}`);
    if (!found) return;
    const { team, ...to } = found;
    await this.mail.send({ template: 'team-joined', to, data: { team }, identity: ['teams.joined', jobId] });
  }
}
