import * as swagger from '@nestjs/swagger';
import { decorateWith } from './decorators.js';

/**
 * For the side effect. A team decorates its controllers with @nestjs/swagger beside decorators of the service; all of them
 * then apply at once, in the order in which they stand.
 */
decorateWith(swagger);
