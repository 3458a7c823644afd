import { Module } from '@nestjs/common';
import { RolesController } from './roles.controller.js';
import { RolesService } from './roles.service.js';

/** The roles of the roles file, for clients. */
@Module({ controllers: [RolesController], providers: [RolesService] })
export class RolesModule {}
