import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { loadConfig } from '../../src/config/load-config.js';
import { startMailModule } from './mail-module.js';

/** An instance of the service that does nothing but send mail, to be killed while it does. */
Logger.overrideLogger(false);
await startMailModule(loadConfig(process.env));
process.send?.('ready');
