import Foundation
import SystemPackage
import Testing

@testable import CairnCore

@Suite struct ReplacementFileTests {
  @Test func takesItsNameWhenItIsWhole() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("file")
      let file = try ReplacementFile(for: path, permissions: .ownerReadWrite)
      try file.file.writeAll([1, 2, 3])
      #expect(!FileManager.default.fileExists(atPath: path.string))
      #expect(try folder.names().count == 1)
      try file.publish()
      #expect(try folder.names() == [Array("file".utf8)])
      #expect(try Data(contentsOf: URL(filePath: path.string)) == Data([1, 2, 3]))
    }
  }

  @Test func isRemovedWhenItIsReleased() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("file")
      try Data([9]).write(to: URL(filePath: path.string))
      do {
        let file = try ReplacementFile(for: path, permissions: .ownerReadWrite)
        try file.file.writeAll([1, 2, 3])
        #expect(try folder.names().count == 2)
      }
      #expect(try folder.names() == [Array("file".utf8)])
      #expect(try Data(contentsOf: URL(filePath: path.string)) == Data([9]))
    }
  }

  @Test func nobodyElsesFileIsRemovedAfterwards() async throws {
    try await withTemporaryDirectory { folder in
      let path = folder.appending("file")
      do {
        let file = try ReplacementFile(for: path, permissions: .ownerReadWrite)
        try file.publish()
      }
      #expect(try folder.names() == [Array("file".utf8)])
    }
  }

  @Test func isNotInheritedByOtherPrograms() async throws {
    try await withTemporaryDirectory { folder in
      let file = try ReplacementFile(
        for: folder.appending("file"), permissions: .ownerReadWrite)
      #expect(fcntl(file.file.rawValue, F_GETFD) & FD_CLOEXEC != 0)
    }
  }
}
