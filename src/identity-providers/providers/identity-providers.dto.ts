import { ApiProperty } from '../../json-api/openapi/decorators.js';
import { Transform } from 'class-transformer';
import { MaxLength } from '../../json-api/resource/class-validator.js';
import { asciiDomain } from '../../auth/email-key.js';
import { FIELD_TYPES } from '../../json-api/resource/field-types.js';
import { IsOfType } from '../../json-api/write/body.js';

/** Body of `POST /identity_providers/{id}/verify_domain`. */
export class VerifyDomainBody {
  @ApiProperty({ type: 'string', example: 'example.com' })
  @IsOfType(FIELD_TYPES.string)
  @MaxLength(253)
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? (asciiDomain(value.trim()) ?? value) : value,
  )
  domain!: string;
}
