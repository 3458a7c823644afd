import { Global, Module } from '@nestjs/common';
import { OutboundClient } from './outbound.client.js';

/** Requests to other hosts. */
@Global()
@Module({ providers: [OutboundClient], exports: [OutboundClient] })
export class OutboundModule {}
