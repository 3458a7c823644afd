import { Command, type OwnCommandFactory, Transactions } from 'iam';
import { ItemsRepository } from './items.repository.js';

/** `npx iam stock`: a command with options and a help of its own. */
export const stockCommand: OwnCommandFactory = ({ withService, out }) =>
  new Command('stock')
    .summary('Print what is in stock')
    .description('One line for each article: its number, its name, and how many are not reserved.')
    .option('--free', 'Only what is not reserved')
    .action(async ({ free: onlyFree = false }) => {
      const stock = await withService((service) => {
        const items = service.get(ItemsRepository, { strict: false });
        return service.get(Transactions, { strict: false }).run((tx) => items.stock(tx));
      });
      for (const { sku, name, free } of stock) if (free > 0 || !onlyFree) out.write(`${sku} ${name} ${free}\n`);
    });
