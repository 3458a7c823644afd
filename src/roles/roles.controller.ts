import { hash } from 'node:crypto';
import { Controller, Get, Header, Inject, Param, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags } from '../json-api/openapi/decorators.js';
import type { FastifyReply } from 'fastify';
import { AcceptsApiKeys } from '../auth/authentication/api-key-access.js';
import { CurrentActor } from '../auth/authentication/authentication.js';
import { type Actor, SignedIn } from '../auth/authorization/actor.js';
import { Config } from '../config/config.js';
import { MEDIA_TYPE } from '../json-api/document/document.js';
import { ApiErrors } from '../json-api/http/routes.js';
import { roleDocument, rolesDocument } from './role-document.js';
import { RolesService } from './roles.service.js';

const response = (schema: string): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'Successful response',
    headers: { ETag: { description: 'Representation of the roles', schema: { type: 'string' } } },
    content: { [MEDIA_TYPE]: { schema: { $ref: `#/components/schemas/${schema}` } } },
  });
const NOT_MODIFIED = { status: 304, description: 'Not modified' };
const IF_NONE_MATCH = {
  name: 'If-None-Match',
  required: false,
  description: 'Responds 304 while this entity tag is current',
};

/** Read the roles of the roles file, and which of them one may assign. */
@ApiTags('Roles')
@Controller('roles')
@SignedIn()
@AcceptsApiKeys()
export class RolesController {
  private readonly path: string;

  constructor(
    private readonly roles: RolesService,
    @Inject(Config) { publicPath, apiPrefix }: Config,
  ) {
    this.path = `${publicPath}${apiPrefix}/roles`;
  }

  @Get()
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({
    operationId: 'roles_index',
    summary: 'index',
    description: 'Return all roles, or only your own if you may assign none',
  })
  @ApiHeader(IF_NONE_MATCH)
  @response('RoleCollection')
  @ApiResponse(NOT_MODIFIED)
  @ApiErrors(400, 401, 503)
  index(@CurrentActor() actor: Actor, @Res({ passthrough: true }) reply: FastifyReply): string {
    return tagged(rolesDocument(this.roles.index(actor), this.path), reply);
  }

  @Get(':name')
  @Header('Content-Type', MEDIA_TYPE)
  @ApiOperation({ operationId: 'roles_show', summary: 'show', description: 'Show a specific role' })
  @ApiParam({ name: 'name', schema: { type: 'string' } })
  @ApiHeader(IF_NONE_MATCH)
  @response('RoleDocument')
  @ApiResponse(NOT_MODIFIED)
  @ApiErrors(400, 401, 404, 503)
  show(
    @CurrentActor() actor: Actor,
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): string {
    return tagged(roleDocument(this.roles.show(actor, name), this.path), reply);
  }
}

/** Writes a document, and sets its entity tag. */
function tagged(document: object, reply: FastifyReply): string {
  const text = JSON.stringify(document);
  void reply.header('etag', `"${hash('sha256', text, 'base64url')}"`);
  return text;
}
