// Measures LMDB as TreeSpeed measures CairnTree: keys and values of 8 bytes, a transaction for
// 100,000 entries, nothing synchronized.
//
//     lmdb ENTRIES DIRECTORY [integer]    "integer": keys in the machine's byte order, MDB_INTEGERKEY
#include <lmdb.h>

#include "common.h"

static uint64_t entries;
static const char *directory;
static int integer;

static MDB_env *env;
static MDB_dbi dbi;
static char path[4096];

static uint64_t encode(uint64_t key) { return integer ? key : __builtin_bswap64(key); }

static void open_store(const char *name) {
  snprintf(path, sizeof path, "%s/lmdb-%s", directory, name);
  CHECK(mdb_env_create(&env) == 0);
  CHECK(mdb_env_set_mapsize(env, (size_t)entries * 400 + (1 << 28)) == 0);
  CHECK(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOSYNC | MDB_NORDAHEAD, 0666) == 0);
  MDB_txn *txn;
  CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
  CHECK(mdb_dbi_open(txn, NULL, integer ? MDB_INTEGERKEY : 0, &dbi) == 0);
  CHECK(mdb_txn_commit(txn) == 0);
}

static void put(MDB_txn *txn, uint64_t number, uint64_t content, unsigned flags) {
  uint64_t bytes = encode(number);
  MDB_val key = {8, &bytes}, value = {8, &content};
  CHECK(mdb_put(txn, dbi, &key, &value, flags) == 0);
}

static void look_up(const char *name, int random) {
  uint64_t count = lookups(entries), sum = 0;
  MDB_txn *txn;
  CHECK(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0);
  double began = now();
  for (uint64_t index = 0; index < count; index++) {
    uint64_t number = draw(index, entries);
    uint64_t bytes = encode(random ? scattered(number) : number);
    MDB_val key = {8, &bytes}, value;
    CHECK(mdb_get(txn, dbi, &key, &value) == 0);
    uint64_t content;
    memcpy(&content, value.mv_data, 8);
    sum += content;
  }
  rate(name, count, began);
  kept = sum;
  mdb_txn_abort(txn);
}

static void scan(const char *name) {
  uint64_t sum = 0, count = 0;
  MDB_txn *txn;
  MDB_cursor *cursor;
  CHECK(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0);
  CHECK(mdb_cursor_open(txn, dbi, &cursor) == 0);
  double began = now();
  MDB_val key, value;
  for (int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); code == 0;
       code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    uint64_t bytes, content;
    memcpy(&bytes, key.mv_data, 8);
    memcpy(&content, value.mv_data, 8);
    sum += encode(bytes) ^ content;
    count++;
  }
  rate(name, count, began);
  CHECK(count == entries);
  kept = sum;
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
}

static void window(void) {
  uint64_t first = entries - 20 < 700503 ? entries - 20 : 700503, sum = 0;
  MDB_txn *txn;
  MDB_cursor *cursor;
  CHECK(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0);
  CHECK(mdb_cursor_open(txn, dbi, &cursor) == 0);
  double began = now();
  for (int turn = 0; turn < 10; turn++) {
    MDB_val key, value;
    CHECK(mdb_cursor_get(cursor, &key, &value, MDB_FIRST) == 0);
    for (uint64_t rank = 0; rank < first + 20; rank++) {
      uint64_t content;
      memcpy(&content, value.mv_data, 8);
      if (rank >= first) sum += content;
      mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
  }
  report("window-us", (now() - began) * 1e5);
  kept = sum;
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
}

int main(int argc, char **argv) {
  CHECK(argc >= 3);
  entries = strtoull(argv[1], NULL, 10);
  directory = argv[2];
  integer = argc > 3;
  MDB_txn *txn;

  open_store("append");
  double began = now();
  for (uint64_t start = 0; start < entries; start += batch_size) {
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    for (uint64_t i = start; i < entries && i < start + batch_size; i++) put(txn, i, i, MDB_APPEND);
    CHECK(mdb_txn_commit(txn) == 0);
  }
  rate("append", entries, began);
  scan("scan");
  look_up("lookup", 0);
  mdb_env_close(env);
  report_size("append-bytes", path, entries);

  open_store("random");
  began = now();
  for (uint64_t start = 0; start < entries; start += batch_size) {
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    for (uint64_t i = start; i < entries && i < start + batch_size; i++) {
      put(txn, scattered(i), i, 0);
    }
    CHECK(mdb_txn_commit(txn) == 0);
  }
  rate("random-insert", entries, began);
  look_up("random-lookup", 1);
  scan("random-scan");
  window();
  snprintf(path, sizeof path, "%s/lmdb-compact", directory);
  CHECK(mdb_env_copy2(env, path, MDB_CP_COMPACT) == 0);
  report_size("compact-bytes", path, entries);
  mdb_env_close(env);
  snprintf(path, sizeof path, "%s/lmdb-random", directory);
  report_size("random-bytes", path, entries);

  open_store("batches");
  uint64_t *keys = malloc(batch_size * 8);
  CHECK(keys);
  began = now();
  for (uint64_t start = 0; start < entries; start += batch_size) {
    uint64_t count = 0;
    for (uint64_t i = start; i < entries && i < start + batch_size; i++) keys[count++] = scattered(i);
    qsort(keys, count, 8, compare_keys);
    CHECK(mdb_txn_begin(env, NULL, 0, &txn) == 0);
    for (uint64_t i = 0; i < count; i++) put(txn, keys[i], ~keys[i], 0);
    CHECK(mdb_txn_commit(txn) == 0);
  }
  rate("batch-insert", entries, began);
  free(keys);
  mdb_env_close(env);
  report_peak();
}
