/** MEDIA_URL as an S3-compatible bucket. Credentials come by AWS's usual variables, never in the URL. */
import { FileStorage } from '@flystorage/file-storage';

export interface S3Bucket {
  bucket: string;
  /** Without slashes at its ends; '' = the bucket itself. */
  prefix: string;
  region: string | undefined;
  /** Another server than Amazon's, addressed by path. */
  endpoint: string | undefined;
}

const wrong = (what: string): Error =>
  new Error(
    `MEDIA_URL ${what}; write it as s3://bucket/prefix?region=eu-central-1&endpoint=https://s3.example`,
  );

/** @throws Error that says what is wrong with it */
export function readS3Url(mediaUrl: string): S3Bucket {
  if (!URL.canParse(mediaUrl)) throw wrong('is no URL');
  const url = new URL(mediaUrl);
  // A secret in an address ends in logs.
  if (url.username !== '' || url.password !== '')
    throw wrong('holds credentials, which belong in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(url.host)) throw wrong('names no bucket');
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'region' && name !== 'endpoint');
  if (unknown !== undefined) throw wrong(`has a parameter that isn't known, ${unknown}`);
  const endpoint = url.searchParams.get('endpoint') ?? undefined;
  if (endpoint !== undefined && !(URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol)))
    throw wrong('has an endpoint that is no http or https URL');
  return {
    bucket: url.host,
    prefix: decodeURIComponent(url.pathname).replaceAll(/^\/+|\/+$/g, ''),
    region: url.searchParams.get('region') ?? undefined,
    endpoint,
  };
}

/** Loaded only where a bucket is configured: the client is large. */
export async function openBucket({ bucket, prefix, region, endpoint }: S3Bucket): Promise<FileStorage> {
  const [{ S3Client }, { AwsS3StorageAdapter }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@flystorage/aws-s3'),
  ]);
  const client = new S3Client({
    ...(region === undefined ? {} : { region }),
    // Other servers know neither bucket host names nor Amazon's newer checksum trailers.
    ...(endpoint === undefined
      ? {}
      : {
          endpoint,
          forcePathStyle: true,
          region: region ?? 'us-east-1',
          requestChecksumCalculation: 'WHEN_REQUIRED',
          responseChecksumValidation: 'WHEN_REQUIRED',
        }),
  });
  return new FileStorage(new AwsS3StorageAdapter(client, { bucket, prefix }));
}
