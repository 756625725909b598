import CairnTree
import SystemPackage

/// Measures CairnTree with keys and values of 8 bytes, and prints a name and a number per line.
///
/// Run by `compare-tree`, beside programs that do the same with other stores.
@main
struct TreeSpeed {
  static let usage = """
    usage: TreeSpeed speed ENTRIES DIRECTORY CACHE-MIB     millions of operations per second, sizes
           TreeSpeed memory ENTRIES DIRECTORY CACHE-MIB    the same work in little memory
           TreeSpeed pages DIRECTORY [LARGEST]             pages read and written per operation
    """

  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "speed" where arguments.count == 4:
      let (entries, cache) = numbers(arguments[1], arguments[3])
      try Speed(entries: entries, directory: FilePath(arguments[2]), cacheMiB: cache).run()
    case "memory" where arguments.count == 4:
      let (entries, cache) = numbers(arguments[1], arguments[3])
      try Memory(entries: entries, directory: FilePath(arguments[2]), cacheMiB: cache).run()
    case "pages" where arguments.count == 2 || arguments.count == 3:
      let largest = arguments.count == 3 ? Int(arguments[2]) : 10_000_000
      guard let largest, largest >= 10_000 else { fail(usage) }
      try Pages(directory: FilePath(arguments[1]), largest: largest).run()
    default:
      fail(usage)
    }
  }

  private static func numbers(_ entries: String, _ cache: String) -> (Int, Int) {
    guard let entries = Int(entries), entries >= 1000, let cache = Int(cache), cache >= 0 else {
      fail("ENTRIES is a number from 1000 on, CACHE-MIB one of MiB\n" + usage)
    }
    return (entries, cache)
  }
}
