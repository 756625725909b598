import CairnChunks
import CairnTargetKit
import Testing

@Suite struct ReadAheadConformanceTests {
  @Test func readingAheadKeepsTheContract() async {
    let report = await TargetConformance(.init(listedNames: 1100)) {
      ReadAheadTarget(MemoryTarget(), spanSize: 4096)
    }.run()
    #expect(report.isSound, "\(report)")
  }
}
