import { Module, type OnModuleInit } from '@nestjs/common';
import { PersonalData } from 'iam';
import { ExpiredReservations } from './expired-reservations.js';
import { ItemsController } from './items.controller.js';
import { ItemsRepository } from './items.repository.js';
import { ItemsService } from './items.service.js';
import { AboutStockPage, StockPage, StockTemplates } from './stock.page.js';
import { StockCheck } from './stock-check.js';

/** Things of organizations that people reserve. */
@Module({
  controllers: [ItemsController, StockPage, AboutStockPage],
  providers: [ItemsRepository, ItemsService, ExpiredReservations, StockCheck, StockTemplates],
})
export class InventoryModule implements OnModuleInit {
  constructor(private readonly data: PersonalData) {}

  /** Exports of an account include its record and what it has reserved, not whose manager it is. */
  onModuleInit(): void {
    this.data.register({
      table: 'staff_records',
      key: 'account_id',
      accounts: { account_id: [], manager_id: 'not_exported' },
    });
    this.data.register({ table: 'reservations', key: 'id', accounts: { account_id: [] } });
  }
}
