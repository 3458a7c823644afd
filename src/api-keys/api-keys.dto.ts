import { IsInt, IsOptional, Max, Min } from '../json-api/resource/class-validator.js';

/** Maximum overlap of a rotation, in seconds: 7 days. */
const MAX_OVERLAP_SECONDS = 604_800;

/** Body of a rotation. */
export class RotateBody {
  /** How long the former key stays good, in seconds */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  overlap_seconds?: number;
}
