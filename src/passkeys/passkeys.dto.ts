import { ApiProperty, ApiPropertyOptional } from '../json-api/openapi/decorators.js';
import { IsBoolean, IsIn, IsNotEmpty, IsObject, IsOptional, IsString } from '../json-api/resource/class-validator.js';
import { AtMostCharacters, NoControlCharacters, Trimmed } from '../json-api/resource/validation-rules.js';

/** Body of `POST /account_passkeys`. */
export class AddPasskeyBody {
  @ApiProperty({ type: 'string', description: '`meta.transaction` of the options' })
  @IsString()
  transaction!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'What `navigator.credentials.create()` gave for the options, as JSON (`RegistrationResponseJSON`)',
  })
  @IsObject()
  response!: object;

  @ApiProperty({ type: 'string', minLength: 1, maxLength: 100, example: 'My phone' })
  @IsString()
  @Trimmed()
  @IsNotEmpty()
  @NoControlCharacters()
  @AtMostCharacters(100)
  name!: string;
}

/** The uses of a passkey, as clients name them. */
const PURPOSES = ['sign_in', 'mfa', 'reauthenticate'] as const;

/** Body of `POST /auth/passkey/options`. */
export class PasskeyOptionsBody {
  @ApiProperty({ enum: PURPOSES, description: 'What the passkey is to be used for' })
  @IsIn(PURPOSES)
  purpose!: (typeof PURPOSES)[number];

  @ApiPropertyOptional({ type: 'string', description: 'For `mfa`: `meta.mfa_token` of the error of the first step' })
  @IsOptional()
  @IsString()
  mfa_token?: string;
}

/** Body of `POST /auth/passkey`. */
export class PasskeySignInBody {
  @ApiProperty({ type: 'string', description: '`meta.transaction` of the options' })
  @IsString()
  transaction!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'What `navigator.credentials.get()` gave for the options, as JSON (`AuthenticationResponseJSON`)',
  })
  @IsObject()
  response!: object;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'Put the tokens into cookies instead of the body; false without it',
  })
  @IsOptional()
  @IsBoolean()
  cookie?: boolean;
}
