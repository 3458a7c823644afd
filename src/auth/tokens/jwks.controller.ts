import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '../../json-api/openapi/decorators.js';
import { ApiErrors, Unprefixed } from '../../json-api/http/routes.js';
import { Public } from '../authorization/actor.js';
import { SigningKeys } from './signing-keys.js';

/** The public keys, so that other services verify access tokens by themselves (RFC 7517). */
@ApiTags('Authentication')
@Controller('.well-known')
@Unprefixed()
export class JwksController {
  constructor(private readonly keys: SigningKeys) {}

  /** Cacheable for five minutes; a verifier that meets an unknown `kid` before that fetches the set anew. */
  @Get('jwks.json')
  @Public()
  @Header('Content-Type', 'application/json')
  @Header('Cache-Control', 'public, max-age=300')
  @ApiOperation({ operationId: 'jwks', summary: 'jwks', description: 'The public keys that access tokens verify with' })
  @ApiOkResponse({
    description: 'JSON Web Key Set (RFC 7517)',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/KeySet' } } },
  })
  @ApiErrors(400)
  show(): SigningKeys['jwks'] {
    return this.keys.jwks;
  }
}
