import Foundation
import SystemPackage
import Testing

@testable import CairnChunks
@testable import CairnCore

@Suite struct DirectoryTargetTests {
  private let name = BlobName(named: "packs/ab/blob")

  private func withTarget(
    _ body: (DirectoryTarget, FilePath) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("target")
      try await body(try DirectoryTarget(path, creating: true), path)
    }
  }

  private func files(below path: FilePath) throws -> Set<String> {
    Set(try FileManager.default.subpathsOfDirectory(atPath: path.string))
  }

  @Test func onlyWholeBlobsAreListed() async throws {
    try await withTarget { target, path in
      let growing = try target.makeSpool()
      try [UInt8](repeating: 1, count: 100).withRawBytes { (bytes) throws(Errno) in
        try growing.file.writeFully(at: 0, bytes)
      }
      let named = try SpooledFile(in: target.spoolDirectory!, prefersUnnamed: false)
      #expect(try await target.names().isEmpty)
      withExtendedLifetime((growing, named)) {}

      // What is not a blob's name belongs to somebody else.
      for stranger in ["Notes.TXT", ".hidden", "a b", "cairn~"] {
        try Data().write(to: URL(fileURLWithPath: path.appending(stranger).string))
      }
      try await target.put(name, BlobSource([1]))
      #expect(try await target.names() == [name.description])
    }
  }

  @Test func aPutLeavesItsBlobAndNothingElse() async throws {
    try await withTarget { target, path in
      try await target.put(name, BlobSource([1]))
      try await target.put(name, BlobSource([1]))
      _ = try? await target.put(name, BlobSource([2]))
      #expect(try files(below: path) == [".tmp", "packs", "packs/ab", "packs/ab/blob"])
    }
  }

  @Test func whatACrashLeftIsRemovedByTheNextWriter() async throws {
    try await withTemporaryDirectory { path in
      let first = try DirectoryTarget(path)
      try await first.put(name, BlobSource([1]))
      let left = path.appending(".tmp").appending("cairn-spool-00ff")
      try Data("half".utf8).write(to: URL(fileURLWithPath: left.string))
      let second = try DirectoryTarget(path)
      try await second.put(BlobName(named: "other"), BlobSource([1]))
      #expect(!FileManager.default.fileExists(atPath: left.string))
    }
  }

  @Test func folderAndFileAreTheirOwnersAlone() async throws {
    try await withTarget { target, path in
      try await target.put(name, BlobSource([1]))
      for (part, mode) in [("packs", 0o700), ("packs/ab", 0o700), ("packs/ab/blob", 0o600)] {
        let attributes = try FileManager.default.attributesOfItem(
          atPath: path.appending(part).string)
        #expect(attributes[.posixPermissions] as? Int == mode, "\(part)")
      }
    }
  }

  @Test(arguments: [[0xC3, 0xA9], [0x61, 0xFF, 0x62], [0x20, 0x0A]] as [[UInt8]])
  func thePathMayBeOfAnyBytes(bytes: [UInt8]) async throws {
    try await withTemporaryDirectory { parent in
      let component = (bytes + [0]).withUnsafeBufferPointer { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          FilePath.Component(platformString: $0.baseAddress!)!
        }
      }
      let target = try DirectoryTarget(parent.appending(component), creating: true)
      try await target.put(name, BlobSource([1, 2]))
      try await target.put(name, BlobSource([1, 2]))
      #expect(try await target.get(name) == [1, 2])
      #expect(try await target.names("packs/") == [name.description])
      try await target.delete(name)
      #expect(try await target.size(of: name) == nil)
    }
  }

  /// Who opens a pipe waits for somebody who writes to it, unless he says that he does not.
  @Test(.timeLimit(.minutes(15))) func aPipeIsNoBlob() async throws {
    try await withTarget { target, path in
      #expect(mkfifo(path.appending("blob").string, 0o600) == 0)
      let pipe = BlobName(named: "blob")
      #expect(try await storeError { _ = try await target.get(pipe) }.code == .missing)
      #expect(try await target.size(of: pipe) == nil)
      #expect(try await target.names().isEmpty)
      let error = try await storeError { try await target.put(pipe, BlobSource([1])) }
      #expect(error.code == .targetFailed)
    }
  }

  @Test func aPathWithASlashAtItsEndIsTheSame() async throws {
    try await withTemporaryDirectory { path in
      let target = try DirectoryTarget(FilePath(path.string + "/"))
      try await target.put(name, BlobSource([1]))
      try await target.put(name, BlobSource([1]))
      #expect(try await DirectoryTarget(path).get(name) == [1])
    }
  }

  @Test func aLinkedFolderIsFollowed() async throws {
    try await withTarget { target, path in
      try await withTemporaryDirectory { elsewhere in
        try FileManager.default.createSymbolicLink(
          atPath: path.appending("packs").string, withDestinationPath: elsewhere.string)
        try await target.put(name, BlobSource([1]))
        #expect(try await target.names("packs/") == [name.description])
        #expect(try files(below: elsewhere) == ["ab", "ab/blob"])
      }
    }
  }

  @Test func whereNoDirectoryIsNothingCanBeOpened() async throws {
    try await withTemporaryDirectory { directory in
      let file = directory.appending("file")
      try Data().write(to: URL(fileURLWithPath: file.string))
      for (path, creating) in [
        (file, false), (file, true), (directory.appending("absent"), false),
        (directory.appending("absent/below"), true), (file.appending("below"), true),
      ] {
        let error = #expect(throws: ChunkStoreError.self) {
          try DirectoryTarget(path, creating: creating)
        }
        #expect(error?.code == .targetFailed)
        #expect("\(error!)".contains(path.string), "\(error!)")
      }
    }
  }

  @Test func aDirectoryThatVanishesHasNotLostItsBlobs() async throws {
    try await withTemporaryDirectory { parent in
      let path = parent.appending("target")
      let target = try DirectoryTarget(path, creating: true)
      try await target.put(name, BlobSource([1]))
      try FileManager.default.removeItem(atPath: path.string)
      for attempt in [
        { _ = try await target.get(name) }, { _ = try await target.size(of: name) },
        { _ = try await target.list("", after: nil, limit: 10) },
        { _ = try await target.list("packs/", after: nil, limit: 10) },
        { try await target.put(name, BlobSource([1])) },
      ] as [() async throws -> Void] {
        let error = try await storeError(attempt)
        #expect(error.code == .targetFailed, "\(error)")
      }
      #expect(!FileManager.default.fileExists(atPath: path.string))
    }
  }

  @Test func aBlobThatIsAFolderCannotBePut() async throws {
    try await withTarget { target, _ in
      try await target.put(name, BlobSource([1]))
      for other in ["packs/ab", "packs/ab/blob/below"] {
        let other = BlobName(named: other)
        _ = try await storeError { try await target.put(other, BlobSource([1])) }
      }
      #expect(try await target.names() == [name.description])
    }
  }

  @Test func aSpoolOnAnotherFileSystemIsCopied() async throws {
    try await withTarget { target, path in
      let elsewhere = FilePath(NSTemporaryDirectory())
      guard try device(of: elsewhere) != device(of: path) else {
        try Test.cancel("both are one file system")
      }
      let spool = try SpooledFile(in: elsewhere)
      var random = SeededRandom(41)
      let bytes = random.bytes(2_345_678)
      try bytes.withRawBytes { (bytes) throws(Errno) in try spool.file.writeFully(at: 0, bytes) }
      let source = BlobSource(spool, byteCount: Int64(bytes.count))
      try await target.put(name, source)
      try await target.put(name, source)
      #expect(try await target.get(name) == bytes)
    }
  }

  private func device(of path: FilePath) throws -> UInt64 {
    let file = try FileDescriptor.open(path, .readOnly)
    defer { try? file.close() }
    return try file.status().device
  }
}
