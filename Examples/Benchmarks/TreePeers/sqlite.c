// Measures SQLite as TreeSpeed measures CairnTree: a table with an integer key, a transaction for
// 100,000 entries, a write-ahead log, nothing synchronized.
//
//     sqlite ENTRIES DIRECTORY
#include <sqlite3.h>

#include "common.h"

static uint64_t entries;
static const char *directory;
static sqlite3 *store;
static char path[4096];

static void run(const char *statement) {
  CHECK(sqlite3_exec(store, statement, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *prepare(const char *text) {
  sqlite3_stmt *statement;
  CHECK(sqlite3_prepare_v3(store, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) ==
        SQLITE_OK);
  return statement;
}

static void open_store(const char *name) {
  snprintf(path, sizeof path, "%s/sqlite-%s", directory, name);
  CHECK(sqlite3_open(path, &store) == SQLITE_OK);
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = OFF");
  run("PRAGMA cache_size = -524288");
  run("PRAGMA mmap_size = 17179869184");
  run("CREATE TABLE t (k INTEGER PRIMARY KEY, v INTEGER NOT NULL) WITHOUT ROWID");
}

static void close_store(const char *name) {
  run("PRAGMA wal_checkpoint(TRUNCATE)");
  CHECK(sqlite3_close(store) == SQLITE_OK);
  report_size(name, path, entries);
}

static void load(const char *name, int random) {
  sqlite3_stmt *insert = prepare("INSERT INTO t VALUES (?, ?)");
  double began = now();
  for (uint64_t start = 0; start < entries; start += batch_size) {
    run("BEGIN");
    for (uint64_t i = start; i < entries && i < start + batch_size; i++) {
      sqlite3_bind_int64(insert, 1, (sqlite3_int64)(random ? scattered(i) : i));
      sqlite3_bind_int64(insert, 2, (sqlite3_int64)i);
      CHECK(sqlite3_step(insert) == SQLITE_DONE);
      sqlite3_reset(insert);
    }
    run("COMMIT");
  }
  rate(name, entries, began);
  sqlite3_finalize(insert);
}

static void look_up(const char *name, int random) {
  uint64_t count = lookups(entries), sum = 0;
  sqlite3_stmt *select = prepare("SELECT v FROM t WHERE k = ?");
  run("BEGIN");
  double began = now();
  for (uint64_t index = 0; index < count; index++) {
    uint64_t number = draw(index, entries);
    sqlite3_bind_int64(select, 1, (sqlite3_int64)(random ? scattered(number) : number));
    CHECK(sqlite3_step(select) == SQLITE_ROW);
    sum += (uint64_t)sqlite3_column_int64(select, 0);
    sqlite3_reset(select);
  }
  rate(name, count, began);
  run("COMMIT");
  kept = sum;
  sqlite3_finalize(select);
}

static void scan(const char *name) {
  uint64_t sum = 0, count = 0;
  sqlite3_stmt *select = prepare("SELECT k, v FROM t ORDER BY k");
  double began = now();
  while (sqlite3_step(select) == SQLITE_ROW) {
    sum += (uint64_t)(sqlite3_column_int64(select, 0) ^ sqlite3_column_int64(select, 1));
    count++;
  }
  rate(name, count, began);
  CHECK(count == entries);
  kept = sum;
  sqlite3_finalize(select);
}

static void window(void) {
  uint64_t first = entries - 20 < 700503 ? entries - 20 : 700503, sum = 0;
  sqlite3_stmt *select = prepare("SELECT k, v FROM t ORDER BY k LIMIT 20 OFFSET ?");
  double began = now();
  for (int turn = 0; turn < 10; turn++) {
    sqlite3_bind_int64(select, 1, (sqlite3_int64)first);
    while (sqlite3_step(select) == SQLITE_ROW) sum += (uint64_t)sqlite3_column_int64(select, 0);
    sqlite3_reset(select);
  }
  report("window-us", (now() - began) * 1e5);
  kept = sum;
  sqlite3_finalize(select);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  entries = strtoull(argv[1], NULL, 10);
  directory = argv[2];
  open_store("append");
  load("append", 0);
  scan("scan");
  look_up("lookup", 0);
  close_store("append-bytes");
  open_store("random");
  load("random-insert", 1);
  look_up("random-lookup", 1);
  scan("random-scan");
  window();
  close_store("random-bytes");
  report_peak();
}
