// Sign a Gilfoyle playback token with your own Ed25519 or P-256 key. Only Go's standard library (1.19 or newer).
//
// Make a key:  openssl genpkey -algorithm ed25519 -out private.pem && openssl pkey -in private.pem -pubout
// Use:         go run mint.go private.pem KEY_ID PROJECT_ID VIDEO_ID TTL_S
package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strconv"
	"time"
)

const media, images, text = 1 | 2, 4, 8

func mint(key any, keyID, projectID, videoID string, ttlS int) string {
	now := uint32(time.Now().Unix())
	body := binary.BigEndian.AppendUint32([]byte{1, media | images | text}, now)
	body = binary.BigEndian.AppendUint32(body, now+uint32(ttlS))
	session := must(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 64))).Uint64()
	body = binary.BigEndian.AppendUint64(body, session) // keep it to revoke this viewer alone
	message := "gilfoyle-play-v1\x00" + keyID + "\x00" + projectID + "\x00" + videoID + "\x00" + string(body)
	toText := base64.RawURLEncoding.EncodeToString
	return keyID + "." + toText(body) + "." + toText(sign(key, []byte(message)))
}

func sign(key any, message []byte) []byte {
	if private, ok := key.(ed25519.PrivateKey); ok {
		return ed25519.Sign(private, message)
	}
	private, digest := key.(*ecdsa.PrivateKey), sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
	if order := private.Params().N; must(s, err).Cmp(new(big.Int).Rsh(order, 1)) > 0 {
		s.Sub(order, s) // of the two, the smaller one counts
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	block, _ := pem.Decode(must(os.ReadFile(os.Args[1])))
	key := must(x509.ParsePKCS8PrivateKey(block.Bytes))
	fmt.Println(mint(key, os.Args[2], os.Args[3], os.Args[4], must(strconv.Atoi(os.Args[5]))))
}
