#ifndef CAIRN_LIBCRYPTO_SHIM_H
#define CAIRN_LIBCRYPTO_SHIM_H

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "Cairn needs libcrypto 3.0 or newer: install libssl-dev (apt) or openssl@3 (brew)"
#endif

// What Swift cannot express about libcrypto: macros, and arrays of OSSL_PARAM, whose pointers
// would dangle if Swift built them. Nothing else lives here.

// A library context that reads no configuration file and holds the default provider.
//
// libcrypto is told not to clean up when the process exits: its handler frees what the destructors
// of threads that end at the same moment still use, and the process crashes after its work is done.
// That works only for the first in the process to use libcrypto, and costs nobody anything.
static inline OSSL_LIB_CTX *cairn_new_context(void) {
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
  OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
  if (context != NULL && OSSL_PROVIDER_load(context, "default") == NULL) {
    OSSL_LIB_CTX_free(context);
    return NULL;
  }
  return context;
}

// HKDF-SHA256 (RFC 5869); the mode is one of EVP_KDF_HKDF_MODE_…. Returns 1, or 0 or less on
// failure.
static inline int cairn_hkdf_sha256(EVP_KDF *kdf, int mode, const void *key, size_t key_count,
                                    const void *salt, size_t salt_count, const void *info,
                                    size_t info_count, void *out, size_t out_count) {
  OSSL_PARAM params[6];
  OSSL_PARAM *next = params;
  *next++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
  *next++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
  *next++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_count);
  if (salt_count > 0)
    *next++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count);
  if (info_count > 0)
    *next++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_count);
  *next = OSSL_PARAM_construct_end();
  EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
  if (context == NULL)
    return 0;
  int result = EVP_KDF_derive(context, out, out_count, params);
  EVP_KDF_CTX_free(context);
  return result;
}

// scrypt (RFC 7914). Returns 1, or 0 or less on failure.
static inline int cairn_scrypt(EVP_KDF *kdf, const void *passphrase, size_t passphrase_count,
                               const void *salt, size_t salt_count, uint64_t n, uint32_t r,
                               uint32_t p, uint64_t max_memory, void *out, size_t out_count) {
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)passphrase,
                                        passphrase_count),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &max_memory),
      OSSL_PARAM_construct_end(),
  };
  EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
  if (context == NULL)
    return 0;
  int result = EVP_KDF_derive(context, out, out_count, params);
  EVP_KDF_CTX_free(context);
  return result;
}

// A private ML-KEM-768 key from its seed (FIPS 203: d, then z). Returns NULL on failure.
static inline EVP_PKEY *cairn_mlkem768_key(OSSL_LIB_CTX *library, const void *seed,
                                           size_t seed_count) {
  // OSSL_PKEY_PARAM_ML_KEM_SEED, which the headers have from 3.5 on only.
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string("seed", (void *)seed, seed_count),
      OSSL_PARAM_construct_end(),
  };
  EVP_PKEY *key = NULL;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(library, "ML-KEM-768", NULL);
  if (context != NULL && EVP_PKEY_fromdata_init(context) == 1 &&
      EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1)
    key = NULL;
  EVP_PKEY_CTX_free(context);
  return key;
}

// An RSA key of its numbers; d is NULL for a public key, and what comes after d then too. Numbers
// in secure storage are overwritten wherever they are copied to. Returns NULL on failure.
static inline EVP_PKEY *cairn_rsa_key(OSSL_LIB_CTX *library, const BIGNUM *n, const BIGNUM *e,
                                      const BIGNUM *d, const BIGNUM *p, const BIGNUM *q,
                                      const BIGNUM *d_p, const BIGNUM *d_q, const BIGNUM *q_inv) {
  EVP_PKEY *key = NULL;
  OSSL_PARAM *params = NULL;
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(library, "RSA", NULL);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  int is_built =
      builder != NULL && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
      OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) &&
      (d == NULL || (OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d) &&
                     OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_FACTOR1, p) &&
                     OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_FACTOR2, q) &&
                     OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_EXPONENT1, d_p) &&
                     OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_EXPONENT2, d_q) &&
                     OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, q_inv)));
  if (is_built)
    params = OSSL_PARAM_BLD_to_param(builder);
  if (context != NULL && params != NULL && EVP_PKEY_fromdata_init(context) == 1)
    EVP_PKEY_fromdata(context, &key, d == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, params);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(builder);
  EVP_PKEY_CTX_free(context);
  return key;
}

// Makes a context of an RSA key ready to encrypt or decrypt with OAEP, SHA-256 and MGF1 with
// SHA-256 (RFC 8017). Returns 1, or 0 or less on failure.
static inline int cairn_rsa_oaep_init(EVP_PKEY_CTX *context, int is_encrypting, const void *label,
                                      size_t label_count) {
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE,
                                       (char *)OSSL_PKEY_RSA_PAD_MODE_OAEP, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, (char *)"SHA256", 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, (char *)"SHA256", 0),
      OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, (void *)label,
                                        label_count),
      OSSL_PARAM_construct_end(),
  };
  return is_encrypting ? EVP_PKEY_encrypt_init_ex(context, params)
                       : EVP_PKEY_decrypt_init_ex(context, params);
}

#endif
