<?php
// Sign a Gilfoyle playback token with your own Ed25519 key. PHP 8 with sodium, which comes with it.
//
// Make a key:  openssl genpkey -algorithm ed25519 -out private.pem && openssl pkey -in private.pem -pubout
// Use:         php mint.php private.pem KEY_ID PROJECT_ID VIDEO_ID TTL_S [MAX_HEIGHT]
declare(strict_types=1);

const MEDIA = 1 | 2;
const IMAGES = 4;
const TEXT = 8;

function mint(string $secretKey, string $keyId, string $projectId, string $videoId, int $ttlS, int $maxHeight = 0): string
{
    $now = time();
    $session = random_bytes(8); // keep it to revoke this viewer alone
    $body = pack('CCNN', 1, MEDIA | IMAGES | TEXT, $now, $now + $ttlS) . $session;
    if ($maxHeight > 0) {
        $body .= pack('CCn', 4, 2, $maxHeight);
    }
    $message = implode("\0", ['gilfoyle-play-v1', $keyId, $projectId, $videoId, $body]);
    return implode('.', [$keyId, toText($body), toText(sodium_crypto_sign_detached($message, $secretKey))]);
}

function toText(string $bytes): string
{
    return sodium_bin2base64($bytes, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
}

function readSecretKey(string $pem): string
{
    // A private Ed25519 key in PEM (PKCS #8) is 48 bytes, of which the last 32 are its seed.
    $der = base64_decode(preg_replace('/-----.*?-----|\s/', '', $pem), true);
    return sodium_crypto_sign_secretkey(sodium_crypto_sign_seed_keypair(substr($der, -32)));
}

[, $path, $keyId, $projectId, $videoId, $ttlS] = $argv;
$secretKey = readSecretKey(file_get_contents($path));
echo mint($secretKey, $keyId, $projectId, $videoId, (int) $ttlS, (int) ($argv[6] ?? 0)), "\n";
