import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { PersonalData } from '../personal-data/personal-data.js';
import { SessionObserver } from '../auth/sessions/session.js';
import { WriteObserver } from '../json-api/resource.service.js';
import { AuditEventsController } from './audit-events.controller.js';
import { AuditEventsRepository, PERSONAL_EVENTS } from './audit-events.repository.js';
import { Audit, AuditObserver, AuditSweep, DomainEvents, EventSubscribers, SessionEvents } from './audit.js';
import { OWN_ACTIONS } from './audit-action.js';

/** The audit trail and domain events. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [AuditEventsController],
  providers: [
    Audit,
    AuditEventsRepository,
    AuditSweep,
    DomainEvents,
    EventSubscribers,
    { provide: OWN_ACTIONS, useValue: [] },
    { provide: WriteObserver, useClass: AuditObserver },
    { provide: SessionObserver, useClass: SessionEvents },
  ],
  exports: [Audit, AuditEventsRepository, WriteObserver, SessionObserver],
})
export class EventsModule implements OnModuleInit {
  constructor(
    private readonly data: PersonalData,
    private readonly events: AuditEventsRepository,
  ) {}

  onModuleInit(): void {
    this.data.register(PERSONAL_EVENTS, ({ id }, tx) => this.events.erase(id, tx));
  }
}
