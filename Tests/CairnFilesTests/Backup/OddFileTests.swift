import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Files that do not hold what their status says, or cannot be read.
@Suite struct OddFileTests {
  #if os(Linux)
    @Test(arguments: ["/proc/self/status", "/proc/self/limits", "/proc/version"])
    func readsFilesThatDoNotTellTheirSize(path: String) async throws {
      let fixture = try await BackupFixture()
      let report = try await fixture.backUp([WalkRoot(path, name: "file")])
      #expect(report.problems == [])
      let entry = try #require(try await fixture.entries(report.snapshot).first)
      #expect(entry.metadata.size > 0)
      #expect(entry.content?.byteCount == UInt64(entry.metadata.size))
      #expect(report.bytes == entry.metadata.size)
      #expect(report.snapshot.byteCount == UInt64(report.bytes))
      try await fixture.restore(report.snapshot)
      #expect(try fixture.directory.status("dest/file").size == entry.metadata.size)
    }

    @Test func readsFilesThatAreShorterThanTheySay() async throws {
      let fixture = try await BackupFixture()
      let report = try await fixture.backUp([
        WalkRoot("/sys/kernel/mm/transparent_hugepage/enabled")
      ])
      #expect(report.problems == [])
      let entry = try #require(try await fixture.entries(report.snapshot).first)
      #expect(entry.content?.byteCount == UInt64(entry.metadata.size))
      #expect((1..<4096).contains(entry.metadata.size))
    }

    @Test func namesWhatCannotBeReadAndDoesNotCountIt() async throws {
      let fixture = try await BackupFixture()
      try fixture.directory.write("abc", to: "file")
      // Opens, but cannot be read at its beginning.
      let report = try await fixture.backUp([
        WalkRoot("/proc/self/mem", name: "memory"), WalkRoot(fixture.directory.path + "/file"),
      ])
      #expect(report.problems.map(\.path) == ["/proc/self/mem"])
      #expect(report.files == 1)
      #expect(report.bytes == 3)
      #expect(try await fixture.entries(report.snapshot).map(\.path) == ["file"])
    }
  #endif

  @Test(.enabled(if: geteuid() != 0))
  func namesADirectoryThatCannotBeListed() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    try fixture.directory.makeDirectory("source/closed")
    try fixture.directory.descriptor.setPermissions(of: "source/closed", 0)
    let report = try await fixture.backUp()
    #expect(report.problems.map(\.path) == [fixture.sourcePath + "/closed"])
    let paths = try await fixture.entries(report.snapshot).map(\.path)
    #expect(paths == ["source", "source/closed"])
  }

  @Test func marksAFileThatKeepsChanging() async throws {
    let fixture = try await BackupFixture(layout: .standard)
    try fixture.directory.makeDirectory("source")
    for size in [300, 100_000, 9 << 20] {
      try fixture.directory.write([UInt8](repeating: 1, count: size), to: "source/\(size)")
    }
    let path = fixture.sourcePath
    let isDone = Monitor(false)
    let writer = ThreadPool(limit: 1)
    writer.submit {
      // Each gets longer, without a pause, until the backup is over.
      let files = [300, 100_000, 9 << 20].map { size in
        try! FileDescriptor.open(FilePath("\(path)/\(size)"), .writeOnly, options: [.append])
      }
      while !isDone.withLock({ $0 }) {
        for file in files { _ = try! file.writeAll([2]) }
      }
      for file in files { try! file.close() }
    }
    defer { isDone.change { $0 = true } }
    // Reading the largest takes milliseconds, in which the writer may not get a processor if others
    // want them too; not each time, though.
    var isLastMarked = false
    for _ in 0..<100 where !isLastMarked {
      let report = try await fixture.backUp()
      let entries = try await fixture.entries(report.snapshot).filter { $0.content != nil }
      #expect(entries.count == 3)
      for entry in entries {
        #expect(entry.metadata.size == Int64(entry.content!.byteCount))
        let isMarked = entry.metadata.flags.contains(.changedWhileRead)
        #expect(
          report.problems.contains { $0.path.hasSuffix("/" + entry.path.dropFirst(7)) } == isMarked)
      }
      let last = try #require(entries.first { $0.path.hasSuffix("9437184") })
      isLastMarked = last.metadata.flags.contains(.changedWhileRead)
    }
    #expect(isLastMarked)
  }

  @Test func namesWhatVanishes() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeRandomTree(in: "source", files: 1500, seed: 51)
    let path = fixture.sourcePath
    let remover = ThreadPool(limit: 1)
    let isDone = Monitor(false)
    remover.submit {
      var names: [String] = []
      _ = try! walk([WalkRoot(path)]) { walk in
        if walk.status.kind == .regular { names.append(text(Array(walk.key))) }
      }
      for name in names { unlink(path + name.dropFirst("source".count)) }
      isDone.change { $0 = true }
    }
    let report = try await fixture.backUp()
    let entries = try await fixture.entries(report.snapshot)
    #expect(report.files == Int64(entries.count { $0.metadata.kind == .regular }))
    #expect(try await fixture.restore(report.snapshot).problems == [])
    while !isDone.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
  }
}
