import CairnChunks
import CairnCore
import Foundation
import SystemPackage
import Testing

@testable import CairnSFTP

/// OpenSSH's sftp-server over pipes, without ssh.
struct OpenSSHServer {
  static let path = ["/usr/lib/openssh", "/usr/libexec", "/usr/lib/ssh", "/usr/libexec/openssh"]
    .map { $0 + "/sftp-server" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  let scratch: Scratch
  let command: SFTPCommand

  init() throws {
    scratch = try Scratch()
    command = SFTPCommand([try #require(Self.path)], name: "sftp-server")
  }

  func open(creating: Bool = true, _ options: SFTPOptions = SFTPOptions()) async throws
    -> SFTPTarget
  {
    try await SFTPTarget.open(
      command, path: scratch["blobs"], creating: creating, options: options)
  }
}

@Suite(.enabled(if: OpenSSHServer.path != nil, "OpenSSH's sftp-server is not installed"))
struct OpenSSHServerTests {
  @Test func blobsComeBack() async throws {
    let server = try OpenSSHServer()
    let target = try await server.open()
    for size in [0, 1, 4095, 261_120, 261_121, 3_000_000] {
      let bytes = sample(size)
      let blob = "packs/a\(size % 7)/of-\(size)"
      try await target.put(blob, bytes)
      #expect(try await target.get(blob) == bytes)
      #expect(try await target.size(of: blobName(blob)) == Int64(size))
      #expect(try server.scratch.read("blobs/\(blob)") == bytes)
      for range: Range<Int64> in [0..<1, 1..<1, 100..<5000, 261_000..<300_000, 0..<(1 << 62)] {
        #expect(
          try await target.get(blob, range)
            == Array(
              bytes[
                Int(min(range.lowerBound, Int64(size)))..<Int(min(range.upperBound, Int64(size)))]))
      }
    }
    #expect(try server.scratch.files(below: "blobs").allSatisfy { $0.hasPrefix("packs/") })
  }

  @Test func aLargeFileIsSentFromItsSpool() async throws {
    let server = try OpenSSHServer()
    let target = try await server.open()
    let spool = try SpooledFile(in: FilePath(server.scratch.path))
    let bytes = sample(9_000_000)
    try spool.file.writeAll(bytes)
    try await target.put(blobName("large"), BlobSource(spool, byteCount: Int64(bytes.count)))
    #expect(try await target.get("large") == bytes)
    // A source that turns out to be shorter leaves nothing behind.
    let error = try await failure {
      try await target.put(blobName("short"), BlobSource(spool, byteCount: 9_000_001))
    }
    #expect(error.code == .targetFailed && error.cause?.code == .unexpectedEnd)
    #expect(try await target.size(of: blobName("short")) == nil)
    try await waitUntil { try server.scratch.files(below: "blobs") == ["large"] }
  }

  @Test func theSameBytesAgainAreASuccess() async throws {
    let server = try OpenSSHServer()
    let target = try await server.open()
    let bytes = sample(600_000)
    try await target.put("roots/one", bytes)
    try await target.put("roots/one", bytes)
    for other in [sample(600_000, 1), sample(599_999), [], bytes.dropLast() + [bytes.last! ^ 1]] {
      let error = try await failure { try await target.put("roots/one", other) }
      #expect(error.code == .conflict && error.blob == blobName("roots/one"))
      #expect("\(error)".contains("roots/one"))
    }
    #expect(try await target.get("roots/one") == bytes)
    try await waitUntil { try server.scratch.files(below: "blobs") == ["roots/one"] }
  }

  /// Of many who put different bytes under one name, one wins and the others hear of it.
  @Test func oneOfManyWins() async throws {
    let server = try OpenSSHServer()
    let targets = [try await server.open(), try await server.open()]
    let winners = await withTaskGroup(of: Int?.self) { group in
      for number in 0..<16 {
        group.addTask {
          do {
            try await targets[number % 2].put("keys/one", sample(100_000, number / 2))
            return number / 2
          } catch {
            #expect((error as? ChunkStoreError)?.code == .conflict)
            return nil
          }
        }
      }
      return await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
    }
    let winner = try #require(winners.first)
    #expect(winners.count == 1)
    #expect(try await targets[0].get("keys/one") == sample(100_000, winner))
    try await waitUntil { try server.scratch.files(below: "blobs") == ["keys/one"] }
  }

  @Test func whatIsMissing() async throws {
    let server = try OpenSSHServer()
    let target = try await server.open()
    try await target.put("packs/aa/one", [1])
    for blob in ["two", "packs/aa", "packs/aa/two", "packs/bb/two", "packs/aa/one/below"] {
      let error = try await failure { _ = try await target.get(blob) }
      #expect(error.code == .missing && error.blob == blobName(blob), "\(error)")
      #expect(try await target.size(of: blobName(blob)) == nil)
      try await target.delete(blobName(blob))
    }
    try await target.delete(blobName("packs/aa/one"))
    try await target.delete(blobName("packs/aa/one"))
    #expect(try await target.size(of: blobName("packs/aa/one")) == nil)
    #expect(try await target.names() == [])
    // A folder that somebody removed is made again.
    try FileManager.default.removeItem(atPath: server.scratch["blobs/packs"])
    try await target.put("packs/aa/one", [1])
    #expect(try await target.names() == ["packs/aa/one"])
    // A disk that was taken out has not lost its blobs.
    try FileManager.default.removeItem(atPath: server.scratch["blobs"])
    for call in [
      { _ = try await target.get("packs/aa/one") }, { _ = try await target.names() },
      { _ = try await target.size(of: blobName("one")) }, { try await target.put("one", [1]) },
      { try await target.delete(blobName("packs/aa/one")) },
    ] {
      let error = try await failure(call)
      #expect(error.code == .targetFailed && "\(error)".contains("no such folder"), "\(error)")
    }
  }

  @Test func theFolderIsMadeOrRequired() async throws {
    let server = try OpenSSHServer()
    let error = try await failure { _ = try await server.open(creating: false) }
    #expect(error.code == .targetFailed && "\(error)".contains("no such folder"), "\(error)")
    _ = try await server.open(creating: true)
    _ = try await server.open(creating: true)
    _ = try await server.open(creating: false)
    let deep = try await failure {
      _ = try await SFTPTarget.open(
        server.command, path: server.scratch["not/there"], creating: true)
    }
    #expect(deep.code == .targetFailed && "\(deep)".contains("not/there"), "\(deep)")
    try server.scratch.write("a file", to: "file")
    let file = try await failure {
      _ = try await SFTPTarget.open(server.command, path: server.scratch["file"], creating: true)
    }
    #expect(file.code == .targetFailed, "\(file)")
  }

  @Test(.enabled(if: geteuid() != 0, "root may do everything")) func whatIsDenied() async throws {
    let server = try OpenSSHServer()
    let target = try await server.open()
    try await target.put("one", [1])
    chmod(server.scratch["blobs"], 0o500)
    defer { chmod(server.scratch["blobs"], 0o700) }
    let error = try await failure { try await target.put("two", [1]) }
    #expect(error.code == .targetFailed && "\(error)".contains("permission"), "\(error)")
  }

  /// Lists agree with those of the directory itself, whatever the prefix and the place to go on.
  @Test func listingsAgree() async throws {
    let server = try OpenSSHServer()
    let target = try await server.open()
    for folder in 0..<40 {
      let path = "blobs/packs/\(String(format: "%02x", folder * 5))"
      try server.scratch.makeDirectory(path)
      for file in 0..<(folder % 7 * 11) { try server.scratch.write("x", to: "\(path)/\(file)") }
    }
    for folder in ["a", "a-b", "a.b", "a/b"] {
      try server.scratch.makeDirectory("blobs/\(folder)")
      for file in ["a", "b-", "b.", "c"] {
        try server.scratch.write("x", to: "blobs/\(folder)/\(file)")
      }
    }
    for foreign in ["README", "packs/UPPER", "packs/00 ", "a/é", ".hidden", "packs/.part"] {
      try server.scratch.write("not ours", to: "blobs/\(foreign)")
    }
    try FileManager.default.createSymbolicLink(
      atPath: server.scratch["blobs/linked"], withDestinationPath: "a")
    try FileManager.default.createSymbolicLink(
      atPath: server.scratch["blobs/dangling"], withDestinationPath: "nothing")
    let model = try DirectoryTarget(FilePath(server.scratch["blobs"]))
    for prefix in [
      "", "packs/", "packs/0", "packs/5f/", "a", "a/", "a/b/", "none/", "p", "linked/",
    ] {
      for limit in [7, 100, 10_000] {
        var after: BlobName?
        var pages = 0
        repeat {
          let found = try await target.list(prefix, after: after, limit: limit)
          #expect(found == (try await model.list(prefix, after: after, limit: limit)))
          after = found.count == limit ? found.last?.name : nil
          pages += 1
        } while after != nil && pages < 8
      }
    }
    #expect(try server.scratch.read("blobs/README") == Array("not ours".utf8))
    // What was put or removed since the last page is in the next.
    _ = try await target.list("packs/", after: nil, limit: 10)
    try await target.put("packs/06/new", [1])
    #expect(
      try await target.list("packs/", after: blobName("packs/05/99"), limit: 1).map(\.name)
        == [blobName("packs/06/new")])
  }

  @Test func manyNamesInOneFolder() async throws {
    let server = try OpenSSHServer()
    let target = try await server.open()
    try server.scratch.makeDirectory("blobs/roots")
    for file in 0..<5000 { try server.scratch.write("", to: "blobs/roots/\(file)") }
    let names = try await target.names("roots/")
    #expect(names == (0..<5000).map { "roots/\($0)" }.sorted())
  }

  @Test func manyAtOnceInABoundedWindow() async throws {
    let server = try OpenSSHServer()
    var options = SFTPOptions()
    options.windowSize = 1
    let target = try await server.open(options)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<40 {
        group.addTask {
          let bytes = sample(number * 30_000, number)
          try await target.put("packs/\(number % 5)/\(number)", bytes)
          #expect(try await target.get("packs/\(number % 5)/\(number)") == bytes)
        }
      }
      try await group.waitForAll()
    }
    #expect(try await target.names().count == 40)
  }

  @Test func temporaryFilesOfTheDeadAreRemoved() async throws {
    let server = try OpenSSHServer()
    try server.scratch.makeDirectory("blobs/.tmp")
    let old = TemporaryFile.newName()
    let young = TemporaryFile.newName()
    for file in [old, young, "not-ours"] { try server.scratch.write("x", to: "blobs/.tmp/\(file)") }
    for file in [old, "not-ours"] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -90_000)],
        ofItemAtPath: server.scratch["blobs/.tmp/\(file)"])
    }
    let target = try await server.open()
    try await target.put("one", [1])
    try await waitUntil {
      try server.scratch.files(below: "blobs")
        == [".tmp/\(young)", ".tmp/not-ours", "one"].sorted()
    }
  }

  /// The program is killed; what is under way fails, and the next call starts it again.
  @Test func aKilledServerIsStartedAgain() async throws {
    let server = try OpenSSHServer()
    // Kept by a shell, so that its number is known.
    let command = SFTPCommand(
      [
        "/bin/sh", "-c", #"echo $$ > "$0"; exec "$1""#, server.scratch["pid"],
        server.command.program,
      ])
    let target = try await SFTPTarget.open(
      command, path: server.scratch["blobs"], creating: true)
    let bytes = sample(20_000_000)
    for round in 0..<5 {
      let putting = Task { try await target.put("large-\(round)", bytes) }
      try await Task.sleep(for: .milliseconds(5 * round))
      let number = String(decoding: try server.scratch.read("pid"), as: UTF8.self)
      kill(try #require(pid_t(number.trimmingCharacters(in: .whitespacesAndNewlines))), SIGKILL)
      do {
        try await putting.value
      } catch {
        #expect((error as? ChunkStoreError)?.code == .temporary, "\(error)")
        #expect("\(error)".contains("signal 9"), "\(error)")
      }
      try await retrying { try await target.put("large-\(round)", bytes) }
      #expect(try await retrying { try await target.get("large-\(round)") } == bytes)
    }
  }
}

/// Waits for what happens without an answer that is waited for.
func waitUntil(
  _ condition: () throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  for _ in 0..<200 {
    if try condition() { return }
    try await Task.sleep(for: .milliseconds(10))
  }
  Issue.record("it did not happen", sourceLocation: sourceLocation)
}

/// Calls again after temporary errors, some times.
func retrying<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
  for _ in 0..<20 {
    do {
      return try await body()
    } catch let error as ChunkStoreError where error.code == .temporary {
      try await Task.sleep(for: .milliseconds(20))
    }
  }
  return try await body()
}
