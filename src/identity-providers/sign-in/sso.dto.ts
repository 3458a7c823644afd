import { ApiProperty, ApiPropertyOptional } from '../../json-api/openapi/decorators.js';
import { IsBoolean, IsOptional, Matches, MaxLength } from '../../json-api/resource/class-validator.js';
import { FIELD_TYPES } from '../../json-api/resource/field-types.js';
import { IsOfType } from '../../json-api/write/body.js';

/** Body of `POST /auth/sso/exchange`. */
export class ExchangeBody {
  @ApiProperty({ type: 'string', description: 'The `code` that came to `return_to`; good for 60 seconds, once' })
  @IsOfType(FIELD_TYPES.string)
  @MaxLength(200)
  code!: string;

  @ApiProperty({ type: 'string', description: 'The PKCE verifier of `code_challenge` (RFC 7636)' })
  @IsOfType(FIELD_TYPES.string)
  @Matches(/^[\w.~-]{43,128}$/, {
    message: 'must be 43 to 128 letters, digits, -, ., _ or ~',
    context: { rule: 'format', parameters: { expected: 'code_verifier' } },
  })
  code_verifier!: string;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'Put the tokens into cookies instead of the body; false without it',
  })
  @IsOptional()
  @IsBoolean()
  cookie?: boolean;
}

/** Body of `POST /account/identities/{slug}`. */
export class LinkBody {
  @ApiPropertyOptional({ type: 'string', description: 'Where it leads afterwards; the page of the account without it' })
  @IsOptional()
  @IsOfType(FIELD_TYPES.string)
  @MaxLength(2_048)
  return_to?: string;

  @ApiPropertyOptional({
    type: 'string',
    description: 'PKCE challenge by S256, unless it leads to a page of the service',
  })
  @IsOptional()
  @IsOfType(FIELD_TYPES.string)
  @MaxLength(43)
  code_challenge?: string;
}
