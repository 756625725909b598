import CairnCore
import CairnTree
import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import CairnTestKit

@Suite struct PageStorageConformanceTests {
  @Test func storageInMemoryConforms() {
    let report = PageStorageConformance { MemoryStorage() }.run()
    #expect(report.isSound, "\(report)")
    #expect(report.checks.count == 14)
    #expect(report.checks.filter { $0.outcome == .passed }.count == 10)
  }

  @Test func storageInFilesConforms() throws {
    let folder = FilePath(NSTemporaryDirectory()).appending("cairn-kit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      atPath: folder.string, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder.string) }
    var count = 0
    let report = PageStorageConformance { _ in
      try FileStorage(folder.appending("\(count)"))
    } makingEmpty: {
      count += 1
      return try FileStorage(folder.appending("\(count)"))
    }.run()
    #expect(report.checks.allSatisfy { $0.outcome == .passed }, "\(report)")
  }

  @Test(arguments: [false, true])
  func simulatedStorageConforms(_ readsAreShort: Bool) {
    let report = PageStorageConformance { storage in
      try #require(storage as? SimulatedStorage).openedAgain()
    } makingEmpty: {
      let storage = SimulatedStorage()
      storage.setReadsShort(readsAreShort)
      return storage
    }.run()
    #expect(report.checks.allSatisfy { $0.outcome == .passed }, "\(report)")
  }

  /// Each way of being wrong is found by the check that is there for it.
  @Test(arguments: Flaw.allCases)
  fileprivate func flawsAreFound(_ flaw: Flaw) throws {
    let report = PageStorageConformance { FlawedStorage(flaw) }.run {
      $0.contains(flaw.promise)
    }
    #expect(report.checks.count == 1 && !report.isSound, "\(report)")
    #expect("\(report)".hasPrefix("FAILED"))
  }
}

private enum Flaw: CaseIterable {
  case isNotEmpty, losesTheLastByte, replacesTheBuffer, keepsWhatWasCutOff, cutsLongWrites
  case writesItsNeighbour, leavesRubbishInGaps, sharesABufferBetweenThreads

  /// Words of a promise that it breaks.
  var promise: String {
    switch self {
    case .isNotEmpty: "is empty"
    case .losesTheLastByte: "what was written is read"
    case .replacesTheBuffer: "appends to its buffer"
    case .keepsWhatWasCutOff: "for good"
    case .cutsLongWrites: "millions of bytes"
    case .writesItsNeighbour: "its own bytes alone"
    case .leavesRubbishInGaps: "zeros in between"
    case .sharesABufferBetweenThreads: "several threads"
    }
  }
}

/// A storage in memory with one thing wrong.
private final class FlawedStorage: PageStorage {
  private let storage = MemoryStorage()
  private let shared = Mutex<[UInt8]>([])
  private let flaw: Flaw
  let isReadOnly = false

  init(_ flaw: Flaw) {
    self.flaw = flaw
    if flaw == .isNotEmpty { storage.write(([0] as [UInt8]).span.bytes, at: 0) }
  }

  var byteCount: Int64 { storage.byteCount }

  func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    switch flaw {
    case .replacesTheBuffer:
      buffer.removeAll()
      return storage.read(at: offset, into: &buffer)
    case .sharesABufferBetweenThreads:
      let bytes = storage.bytes.dropFirst(Int(clamping: offset)).prefix(buffer.freeCapacity)
      shared.withLock { $0 = Array(bytes) }
      pause(nanoseconds: 50_000)
      let found = shared.withLock { $0 }.prefix(buffer.freeCapacity)
      for byte in found { buffer.append(byte) }
      return found.count
    default:
      return storage.read(at: offset, into: &buffer)
    }
  }

  func write(_ bytes: RawSpan, at offset: Int64) {
    switch flaw {
    case .losesTheLastByte:
      storage.write(bytes.extracting(droppingLast: 1), at: offset)
    case .cutsLongWrites:
      storage.write(bytes.extracting(first: 1 << 20), at: offset)
    case .writesItsNeighbour:
      storage.write(bytes, at: offset)
      if offset > 0 { storage.write(([0] as [UInt8]).span.bytes, at: offset - 1) }
    case .leavesRubbishInGaps:
      while storage.byteCount < offset {
        storage.write(([0xAA] as [UInt8]).span.bytes, at: storage.byteCount)
      }
      storage.write(bytes, at: offset)
    default:
      storage.write(bytes, at: offset)
    }
  }

  func resize(to byteCount: Int64) {
    if flaw == .keepsWhatWasCutOff, byteCount < storage.byteCount { return }
    storage.resize(to: byteCount)
  }

  func synchronize() {}
}
