// Measures sets of strings of C++ beside the string arena: bytes per string beyond its own, all that
// the allocator has given out counted, and nanoseconds per operation. Run by compare-intern.
//
//   peers PATHS-FILE STRINGS
//
// Each set names its strings by something that is kept: the address of the string, or an entry.

#include <malloc.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#ifdef WITH_ABSEIL
#include <absl/container/flat_hash_set.h>
#include <absl/container/node_hash_set.h>
#endif
#ifdef WITH_LLVM
#include <llvm/ADT/StringMap.h>
#include <llvm/Support/Allocator.h>
#endif

static double now() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static size_t allocated() {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

template <class Set> struct StandardSet {
  Set set;
  const void *intern(std::string_view s) { return &*set.emplace(s).first; }
  static std::string_view resolve(const void *p) {
    return *static_cast<const std::string *>(p);
  }
};

#ifdef WITH_ABSEIL
struct NodeSet {
  absl::node_hash_set<std::string> set;
  const void *intern(std::string_view s) {
    auto found = set.find(absl::string_view(s.data(), s.size()));
    return found != set.end() ? &*found : &*set.emplace(s).first;
  }
  static std::string_view resolve(const void *p) {
    return *static_cast<const std::string *>(p);
  }
};

// Strings move when it grows, so that it gives no names to keep: the time of a hit alone.
struct FlatSet {
  absl::flat_hash_set<std::string> set;
  const void *intern(std::string_view s) {
    auto found = set.find(absl::string_view(s.data(), s.size()));
    return found != set.end() ? &*found : &*set.emplace(s).first;
  }
  static std::string_view resolve(const void *) { return {}; }
};
#endif

#ifdef WITH_LLVM
struct Map {
  llvm::StringMap<char, llvm::BumpPtrAllocator> map;
  const void *intern(std::string_view s) {
    return &*map.try_emplace(llvm::StringRef(s.data(), s.size()), 0).first;
  }
  static std::string_view resolve(const void *p) {
    auto key = static_cast<const llvm::StringMapEntry<char> *>(p)->getKey();
    return {key.data(), key.size()};
  }
};
#endif

using Strings = std::vector<std::string_view>;

template <class Set>
static void measure(
    const char *corpus, const char *name, const Strings &strings, const Strings &again) {
  std::vector<const void *> found;
  found.reserve(strings.size());
  size_t before = allocated();
  Set set;
  double start = now();
  for (auto s : strings) found.push_back(set.intern(s));
  double first = now() - start;
  size_t bytes = allocated() - before;
  size_t sum = 0;
  start = now();
  for (auto s : again) sum += reinterpret_cast<uintptr_t>(set.intern(s));
  double hit = now() - start;
  start = now();
  for (auto p : found) sum += Set::resolve(p).size();
  double resolve = now() - start;
  std::unordered_set<std::string_view> distinct(strings.begin(), strings.end());
  size_t text = 0;
  for (auto s : distinct) text += s.size();
  double n = strings.size();
  printf("%s-%s-overhead-bytes %.2f\n", corpus, name, (double(bytes) - text) / distinct.size());
  printf("%s-%s-first-pass-ns %.2f\n", corpus, name, first / n * 1e9);
  printf("%s-%s-hit-ns %.2f\n", corpus, name, hit / n * 1e9);
  printf("%s-%s-resolve-ns %.2f\n", corpus, name, resolve / n * 1e9);
  fprintf(stderr, "%zu\r", sum & 1);
}

static void measureAll(const char *corpus, const Strings &strings, const Strings &again) {
  measure<StandardSet<std::unordered_set<std::string>>>(corpus, "unordered-set", strings, again);
#ifdef WITH_ABSEIL
  measure<NodeSet>(corpus, "absl-node-hash-set", strings, again);
  measure<FlatSet>(corpus, "absl-flat-hash-set", strings, again);
#endif
#ifdef WITH_LLVM
  measure<Map>(corpus, "llvm-string-map", strings, again);
#endif
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "usage: peers PATHS-FILE STRINGS\n");
    return 2;
  }
  std::ifstream file(arguments[1], std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Strings components;
  for (size_t place = 0; place < text.size();) {
    size_t end = text.find_first_of("/\n", place);
    if (end == std::string::npos) end = text.size();
    if (end > place) components.emplace_back(text.data() + place, end - place);
    place = end + 1;
  }
  measureAll("components", components, components);

  // The strings of InternSpeed: a bijection of a counter in hexadecimal digits.
  size_t n = strtoull(arguments[2], nullptr, 10);
  std::string random(n * 16, 0);
  for (size_t i = 0; i < n; i++) {
    uint64_t value = i * 0x9E3779B97F4A7C15;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
    value ^= value >> 31;
    for (int byte = 0; byte < 16; byte++) {
      int digit = value >> (byte * 4) & 15;
      random[i * 16 + byte] = digit < 10 ? 48 + digit : 87 + digit;
    }
  }
  // As there, hits are asked for in another order, but lie one behind the other.
  std::string shuffled(n * 16, 0);
  for (size_t i = 0, place = 0; i < n; i++) {
    place = (place + 7368787) % n;
    random.copy(shuffled.data() + i * 16, 16, place * 16);
  }
  Strings strings, again;
  for (size_t i = 0; i < n; i++) {
    strings.emplace_back(random.data() + i * 16, 16);
    again.emplace_back(shuffled.data() + i * 16, 16);
  }
  measureAll("random", strings, again);
}
