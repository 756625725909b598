// Measures SQLite holding the entries that LogSpeed appends: a row for each, an index on the parent
// and the ordinal, a transaction for 65,536 rows, a write-ahead log, nothing synchronized.
//
//     sqlite FILE CHILDREN STEPS
#define _GNU_SOURCE
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define CHECK(condition)                                                             \
  do {                                                                               \
    if (!(condition)) {                                                              \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                \
      exit(1);                                                                       \
    }                                                                                \
  } while (0)

static sqlite3 *store;
static sqlite3_stmt *insertion;
static int64_t count;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void run(const char *statement) {
  CHECK(sqlite3_exec(store, statement, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *prepare(const char *text) {
  sqlite3_stmt *statement;
  CHECK(sqlite3_prepare_v3(store, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) ==
        SQLITE_OK);
  return statement;
}

static const char text[] =
    "copied a block of the file copied a block of the file copied a block of the file";

static int64_t add(int64_t parent, int64_t ordinal) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  if (count % 65536 == 0) {
    if (count > 0) run("COMMIT");
    run("BEGIN");
  }
  sqlite3_bind_int64(insertion, 1, count);
  sqlite3_bind_int64(insertion, 2, parent);
  sqlite3_bind_int64(insertion, 3, ordinal);
  sqlite3_bind_int(insertion, 4, 2);
  sqlite3_bind_int64(insertion, 5, (int64_t)time.tv_sec * 1000000000 + time.tv_nsec);
  sqlite3_bind_text(insertion, 6, text, 80, SQLITE_STATIC);
  CHECK(sqlite3_step(insertion) == SQLITE_DONE);
  sqlite3_reset(insertion);
  return count++;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  int64_t children = atoll(argv[2]), steps = atoll(argv[3]);
  CHECK(children >= 20);
  CHECK(sqlite3_open(argv[1], &store) == SQLITE_OK);
  run("PRAGMA journal_mode = WAL");
  run("PRAGMA synchronous = OFF");
  run("CREATE TABLE entries (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, ordinal INTEGER NOT "
      "NULL, severity INTEGER NOT NULL, time INTEGER NOT NULL, text TEXT NOT NULL)");
  run("CREATE UNIQUE INDEX outline ON entries (parent, ordinal)");
  insertion = prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)");
  double start = now();
  add(-1, 0);
  for (int64_t child = 0; child < children; child++) {
    int64_t parent = add(0, child);
    for (int64_t step = 0; step < steps; step++) add(parent, step);
  }
  run("COMMIT");
  printf("%lld entries: %.2f million/s\n", (long long)count, count / (now() - start) / 1e6);
  run("PRAGMA wal_checkpoint(TRUNCATE)");
  struct stat status;
  CHECK(stat(argv[1], &status) == 0);
  printf("bytes beside the texts: %.1f each\n", (double)(status.st_size - 80 * count) / count);

  // The children of the first entry from a random one on, and how many children each has.
  sqlite3_stmt *rows = prepare(
      "SELECT id, severity, time, text FROM entries WHERE parent = 0 AND ordinal >= ? "
      "ORDER BY ordinal LIMIT 20");
  sqlite3_stmt *counts = prepare("SELECT count(*) FROM entries WHERE parent = ?");
  enum { rounds = 2000 };
  static double times[rounds];
  srand48(1);
  for (int round = 0; round < rounds; round++) {
    int64_t first = (int64_t)(drand48() * (double)(children - 20));
    double begin = now();
    sqlite3_bind_int64(rows, 1, first);
    while (sqlite3_step(rows) == SQLITE_ROW) {
      CHECK(sqlite3_column_text(rows, 3) != NULL);
      sqlite3_bind_int64(counts, 1, sqlite3_column_int64(rows, 0));
      CHECK(sqlite3_step(counts) == SQLITE_ROW);
      CHECK(sqlite3_column_int64(counts, 0) == steps);
      sqlite3_reset(counts);
    }
    sqlite3_reset(rows);
    times[round] = now() - begin;
  }
  qsort(times, rounds, sizeof times[0], compare);
  printf("20 rows at a random one: median %.1f, longest %.1f microseconds\n",
         times[rounds / 2] * 1e6, times[rounds - 1] * 1e6);
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("peak memory: %ld MiB\n", usage.ru_maxrss >> 10);
  return 0;
}
