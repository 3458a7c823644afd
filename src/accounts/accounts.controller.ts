import { Body, Controller, Delete, Get, Header, Headers, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '../json-api/openapi/decorators.js';
import type { FastifyReply } from 'fastify';
import { RateLimit } from '../auth/rate-limit/rate-limiter.js';
import { type Actor, Public, Requires } from '../auth/authorization/actor.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import type { Item, Page } from '../json-api/document/response.js';
import { Criteria, Document, IfMatch, Selection } from '../json-api/http/request.js';
import {
  RespondsWith,
  ApiErrors,
  JsonApiCreate,
  JsonApiDelete,
  JsonApiIndex,
  JsonApiShow,
  JsonApiUpdate,
} from '../json-api/http/routes.js';
import type { CreateDocument, UpdateDocument } from '../json-api/write/write-document.js';
import { AccountResource } from './account.resource.js';
import { AccountsService } from './accounts.service.js';
import { InvitationsService } from './invitations/invitations.service.js';
import { wantsRepresentation } from './invitations/join.body.js';
import { JoiningService } from './invitations/joining.service.js';

/** Manage user accounts within the system, including creation, updating, retrieval, deletion, and invitations. */
@ApiTags('Accounts')
@Controller('accounts')
export class AccountsController {
  constructor(
    private readonly accounts: AccountsService,
    private readonly invitations: InvitationsService,
    private readonly joining: JoiningService,
  ) {}

  @Get()
  @JsonApiIndex(AccountResource)
  index(@CurrentActor() actor: Actor, @Criteria() criteria: Criteria): Promise<Page> {
    return this.accounts.index(actor, criteria);
  }

  @Post()
  @JsonApiCreate(AccountResource)
  create(@CurrentActor() actor: Actor, @Document() document: CreateDocument<typeof AccountResource>): Promise<Item> {
    return this.accounts.create(actor, document);
  }

  @Get(':resource_id')
  @JsonApiShow(AccountResource)
  show(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @Selection() select: Selection): Promise<Item> {
    return this.accounts.show(actor, id, select);
  }

  @Patch(':resource_id')
  @JsonApiUpdate(AccountResource)
  update(
    @CurrentActor() actor: Actor,
    @Param('resource_id') id: string,
    @Document() document: UpdateDocument<typeof AccountResource>,
  ): Promise<Item> {
    return this.accounts.update(actor, id, document);
  }

  @Delete(':resource_id')
  @JsonApiDelete(AccountResource)
  delete(@CurrentActor() actor: Actor, @Param('resource_id') id: string, @IfMatch() ifMatch: IfMatch): Promise<void> {
    return this.accounts.delete(actor, id, ifMatch);
  }

  @Get(':token/invitation')
  @Public()
  @RateLimit('show_invitation')
  @Header('Content-Type', 'application/json')
  @ApiOperation({
    operationId: 'accounts_invitation',
    summary: 'invitation',
    description: 'Whom an invitation is for and whom it is from, for a page that accepts it. Does not use the token.',
  })
  @ApiParam({ name: 'token', description: 'The token of the invitation mail', schema: { type: 'string' } })
  @ApiOkResponse({
    description: 'Successful response',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Invitation' } } },
  })
  @ApiErrors(400, 404, 422, 429, 503)
  async invitation(@Param('token') token: string): Promise<{ data: object }> {
    const { email, name, invitedBy, expiresAt } = await this.joining.invitation(token);
    return { data: { email, name, invited_by: invitedBy, expires_at: expiresAt } };
  }

  @Patch(':token/join')
  @Public()
  @RateLimit('join')
  @HttpCode(204)
  @RespondsWith(AccountResource)
  @ApiOperation({
    operationId: 'accounts_join',
    summary: 'join',
    description: 'Mark account as joined when user accepts invitation',
  })
  @ApiParam({ name: 'token', description: 'The token of the invitation mail', schema: { type: 'string' } })
  @ApiHeader({ name: 'Prefer', required: false, description: '`return=representation` answers 200 with the account' })
  @ApiBody({ required: false, schema: { $ref: '#/components/schemas/Join' } })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 404, 413, 415, 422, 429, 503)
  async join(
    @Param('token') token: string,
    @Body() body: unknown,
    @Headers('prefer') prefer: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Item | undefined> {
    const represent = wantsRepresentation(prefer);
    const item = await this.joining.join(token, body, represent);
    if (represent) void reply.status(200).header('preference-applied', 'return=representation');
    return item;
  }

  @Post(':id/resend_invitation')
  @Requires('iam:accounts', 'create')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'accounts_resend_invitation',
    summary: 'resend_invitation',
    description: 'Resend account invitation email',
  })
  @ApiParam({ name: 'id', schema: { type: 'string' } })
  @ApiBody({
    required: false,
    schema: { type: 'object', description: 'Nothing is read from it', additionalProperties: true },
  })
  @ApiNoContentResponse({ description: 'No content' })
  @ApiErrors(400, 401, 403, 404, 409, 413, 415, 429, 503)
  resendInvitation(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<void> {
    return this.invitations.resend(actor, id);
  }
}
