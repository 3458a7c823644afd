import { Module } from '@nestjs/common';
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
export class InventoryModule {}
