import CairnChunks
import CairnTargetKit
import SystemPackage
import Testing

#if canImport(XCTest)
  import XCTest
#endif

// What the documentation shows, word for word.

@Test func myTargetConforms() async {
  let report = await TargetConformance { MemoryTarget() }.run()
  #expect(report.isSound, "\(report)")
}

@Test func aLostAnswerIsNotFelt() async throws {
  let faulty = FaultyTarget(MemoryTarget()) { call in
    call.kind == .put && call.numberOfKind == 0 ? TargetFault(.after) : nil
  }
  let target = RetryingTarget(faulty, clock: SimulatedClock())
  try await target.put(BlobName("blob")!, BlobSource([1, 2, 3]))
  #expect(faulty.calls.count == 2)
}

func conform(_ path: FilePath) async throws -> Bool {
  let target = try DirectoryTarget(path)
  let options = TargetConformance.Options(prefix: "conformance/", listedNames: 300)
  let report = await TargetConformance(options) { target }.run { print($0) }
  return report.isSound
}

@Test func thePlainProgramWorks() async throws {
  try await withTemporaryDirectory { directory in
    let isSound = try await conform(directory)
    #expect(isSound)
  }
}

#if canImport(XCTest)
  final class MyTargetTests: XCTestCase {
    func testConforms() async {
      let report = await TargetConformance { MemoryTarget() }.run()
      XCTAssert(report.isSound, "\(report)")
    }
  }
#endif
