import { Injectable } from '@nestjs/common';
import { type IamEvent, OnIamEvent, sql, Transactions } from 'iam';

/** Gives every new organization a team, without a word in the module of organizations. */
@Injectable()
export class FirstTeam {
  constructor(private readonly transactions: Transactions) {}

  /** The event may come again, with the same id: as the id of the team, it makes one team all the same. */
  @OnIamEvent('iam:organizations.created')
  async found({ id, target }: IamEvent): Promise<void> {
    await this.transactions.query(sql`
      INSERT INTO teams (id, name, organization_id)
      SELECT ${id}::uuid, 'Everybody', organization.id FROM organizations organization WHERE organization.id = ${target?.id}
      ON CONFLICT (id) DO NOTHING`);
  }
}
