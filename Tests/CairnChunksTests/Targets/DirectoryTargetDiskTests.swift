import CairnChunks
import Foundation
import SystemPackage
import Testing

#if os(Linux)
  /// Lends a file system of its own, in memory and `size` large; needs root.
  private func withFileSystem(
    size: String, _ body: (FilePath) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      try run("mount", "-t", "tmpfs", "-o", "size=\(size)", "tmpfs", directory.string)
      do {
        try await body(directory)
      } catch {
        try run("umount", "-l", directory.string)
        throw error
      }
      try run("umount", "-l", directory.string)
    }
  }

  private func run(_ command: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardError = nil
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(command)")
  }

  /// Whether this process may mount, which in a container not even root may.
  private let canMount: Bool = {
    guard geteuid() == 0 else { return false }
    let path = NSTemporaryDirectory() + "cairn-mount-\(UUID().uuidString)"
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: path) }
      try run("mount", "-t", "tmpfs", "tmpfs", path)
      try run("umount", "-l", path)
      return true
    } catch {
      return false
    }
  }()

  @Suite struct DirectoryTargetDiskTests {
    private let name = BlobName(named: "packs/ab/blob")

    @Test(.enabled(if: canMount, "mounting needs root"))
    func aFullDiskIsSaidAndLeavesNothing() async throws {
      try await withFileSystem(size: "1m") { path in
        let target = try DirectoryTarget(path)
        try await target.put(BlobName(named: "before"), BlobSource([1, 2, 3]))
        let error = try await storeError {
          try await target.put(name, BlobSource([UInt8](repeating: 1, count: 2 << 20)))
        }
        #expect(error.code == .targetFailed)
        #expect("\(error)".contains("free some space"), "\(error)")
        #expect(try await target.names() == ["before"])
        #expect(try await target.get(BlobName(named: "before")) == [1, 2, 3])
        // What was written of it is free again.
        try await target.put(name, BlobSource([UInt8](repeating: 1, count: 900 << 10)))
      }
    }

    @Test(.enabled(if: canMount, "mounting needs root"))
    func aReadOnlyDiskIsReadAndNotWritten() async throws {
      try await withFileSystem(size: "1m") { path in
        let target = try DirectoryTarget(path)
        try await target.put(name, BlobSource([1]))
        try run("mount", "-o", "remount,ro", path.string)
        let again = try DirectoryTarget(path)
        #expect(try await again.get(name) == [1])
        #expect(try await again.names() == [name.description])
        for attempt in [
          { try await again.put(BlobName(named: "other"), BlobSource([1])) },
          { try await again.delete(name) },
        ] as [() async throws -> Void] {
          let error = try await storeError(attempt)
          #expect(error.code == .targetFailed)
          #expect("\(error)".contains("read-only"), "\(error)")
        }
      }
    }

    @Test(.enabled(if: geteuid() == 0, "giving up rights needs root"))
    func withoutPermissionTheErrorSaysSo() async throws {
      await #expect(processExitsWith: .success) {
        try await withTemporaryDirectory { path in
          let name = BlobName(named: "packs/ab/blob")
          let target = try DirectoryTarget(path)
          try await target.put(name, BlobSource([1]))
          try #require(seteuid(65_534) == 0)
          for attempt in [
            { _ = try DirectoryTarget(path).findSize(of: name) },
            { _ = try target.load(name, range: nil) },
            { _ = try target.names("packs/", after: nil, limit: 1) },
            { try target.store(BlobName(named: "other"), BlobSource([1])) },
            { try target.remove(name) },
          ] as [() throws -> Void] {
            let error = #expect(throws: ChunkStoreError.self) { try attempt() }
            #expect(error?.code == .targetFailed)
            #expect("\(error!)".contains("permissions"), "\(error!)")
          }
          try #require(seteuid(0) == 0)
          #expect(try target.load(name, range: nil) == [1])
        }
      }
    }
  }
#endif
