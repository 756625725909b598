import CairnChunks
import CairnCrypto
import CairnFiles
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Backs up versions of a tree with other sizes than the default ones, restores the last, and prints
/// what that cost, a name and a number per line. Run by `choose-defaults`.
///
/// Seconds are those of all processors, which depend little on what else the machine does.
@main
struct StoreSettings {
  static let usage = """
    usage: StoreSettings REPOSITORY DESTINATION [SIZE=BYTES…] -- VERSION…

    REPOSITORY and DESTINATION must not exist. The sizes: fine, coarse and length (how chunks are cut,
    on average, before and behind that length of a stream), block, pack, node and inline. Before each
    version but the first, a line is printed and a line of the input waited for.

    """

  static func main() async throws {
    let words = Array(CommandLine.arguments.dropFirst())
    guard let end = words.firstIndex(of: "--"), end >= 2, end + 1 < words.count,
      let settings = Settings(words[2..<end])
    else { try fail(usage) }
    let target = try DirectoryTarget(FilePath(words[0]), creating: true)
    let identity = try X25519Identity.generate()
    let repository = try await Repository.create(
      on: target, for: [identity.recipient], layout: settings.layout)
    try await store(words[(end + 1)...], in: repository, settings)
    try await measureSizes(of: target)
    try await restore(from: Repository.open(on: target, with: [identity]), to: FilePath(words[1]))
    try await fetch(from: target, with: identity)
  }

  private static func store(
    _ versions: some Sequence<String>, in repository: Repository, _ settings: Settings
  ) async throws {
    var options = BackupOptions(name: "tree")
    options.inlineLimit = settings.inlineLimit
    var (bytes, chunks): (Int64, Int64) = (0, 0)
    let seconds = try await processorSeconds {
      for (number, version) in versions.enumerated() {
        if number > 0 {
          try FileDescriptor.standardOutput.writeAll("version \(number)\n".utf8)
          _ = readLine()
        }
        let report = try await Backup(into: repository, options).run([WalkRoot(version)])
        // By default it would be one of the same place only.
        options.previous = .snapshot(report.snapshot)
        bytes += report.bytes
        chunks += report.store.newChunks
      }
    }
    print("bytes", bytes)
    print("chunks", chunks)
    print("backup-seconds", seconds)
  }

  /// Of the blobs of each kind.
  private static func measureSizes(of target: any Target) async throws {
    var stored: Int64 = 0
    var index: Int64 = 0
    var blobs: Int64 = 0
    try await target.forEachBlob("") { blob in
      stored += blob.size
      blobs += 1
      if blob.name.description.hasPrefix("index/") { index += blob.size }
    }
    print("stored", stored)
    print("index", index)
    print("blobs", blobs)
  }

  private static func restore(from repository: Repository, to destination: FilePath) async throws {
    let snapshot = try await repository.snapshot("latest")
    let seconds = try await processorSeconds {
      let report = try await Restore(snapshot, from: repository).run(to: destination)
      if let problem = report.problems.first { try fail("\(problem.path): \(problem.message)\n") }
    }
    print("restore-seconds", seconds)
  }

  /// Reads up to 64 KiB of a file, at places all over the snapshot, each by somebody who has read
  /// nothing before but the index.
  private static func fetch(from base: any Target, with identity: X25519Identity) async throws {
    let places: UInt64 = 16
    let target = CountingTarget(base)
    var (calls, bytes, read) = (0, 0, 0)
    for place in 1...places {
      let repository = try await Repository.open(on: target, with: [identity])
      let snapshot = try await repository.snapshot("latest")
      try await repository.refresh()
      let tree = SnapshotTree(snapshot, in: repository)
      let rank = snapshot.entryCount * place / (places + 1)
      _ = target.take()
      let entries = try await tree.entries(rank..<min(rank + 100, snapshot.entryCount))
      guard let content = entries.lazy.compactMap(\.content).first(where: { $0.byteCount > 0 })
      else { continue }
      switch content {
      case .inline(let bytes):
        read += bytes.count
      case .stream(let content):
        let start = content.byteCount > 1 << 20 ? content.byteCount / (places + 1) * place : 0
        let range = start..<min(content.byteCount, start + (64 << 10))
        read += try await repository.read(content, in: range).count
      }
      let counts = target.take()
      calls += counts.calls
      bytes += counts.bytes
    }
    print("fetch-calls", Double(calls) / Double(places))
    print("fetch-bytes", bytes / Int(places))
    print("fetch-read", read / Int(places))
  }

  private static func fail(_ message: String) throws -> Never {
    try FileDescriptor.standardError.writeAll(message.utf8)
    exit(2)
  }

  private static func processorSeconds(_ body: () async throws -> Void) async rethrows -> Double {
    let start = clock()
    try await body()
    return Double(clock() - start) / Double(CLOCKS_PER_SEC)
  }
}
