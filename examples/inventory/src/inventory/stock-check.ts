import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Readiness, Transactions } from 'iam';
import { ItemsRepository } from './items.repository.js';

/** A readiness check: with nothing in stock the service still serves, so it only warns. */
@Injectable()
export class StockCheck implements OnModuleInit {
  constructor(
    private readonly items: ItemsRepository,
    private readonly transactions: Transactions,
    private readonly readiness: Readiness,
  ) {}

  onModuleInit(): void {
    this.readiness.add('stock', { failing: 'degraded', check: () => this.check() });
  }

  private async check(): Promise<void> {
    const stock = await this.transactions.run((tx) => this.items.stock(tx));
    if (stock.length > 0 && stock.every(({ free }) => free === 0)) throw new Error('All items are reserved');
  }
}
