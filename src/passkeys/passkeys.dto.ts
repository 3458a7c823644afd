import { ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsObject, IsString } from 'class-validator';
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
