import CairnCore
import Testing

@Suite struct ProgressTests {
  private func moment(_ completed: Int64) -> Progress {
    Progress(phase: "back up", unit: "files", completed: completed, bytes: completed * 10)
  }

  @Test func aSlowReaderSeesTheNewestMoment() async {
    let stream = ProgressStream()
    for completed in Int64(1)...5 { stream.report(moment(completed)) }
    stream.finish()
    var seen: [Progress] = []
    for await progress in stream.updates { seen.append(progress) }
    #expect(seen == [moment(5)])
  }

  @Test func anErrorOfTheReporterIsPassedOn() {
    struct Stop: Error {}
    let reporter: any ProgressReporter = ProgressClosure { _ in throw Stop() }
    #expect(throws: Stop.self) { try reporter.report(moment(1)) }
  }
}
