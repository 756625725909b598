import Foundation
import Testing

@testable import CairnCore

@Suite struct ProcessorsTests {
  @Test func atLeastOneAndNotMoreThanThereAre() {
    #expect((1...ProcessInfo.processInfo.processorCount).contains(availableProcessors()))
  }

  static let taskset = "/usr/bin/taskset"

  /// In a process of its own, which `taskset` ties to one processor.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: taskset), "needs taskset"))
  func thoseThatThisProcessMayUse() async {
    await #expect(processExitsWith: .success) {
      let process = Process()
      process.executableURL = URL(filePath: ProcessorsTests.taskset)
      process.arguments = ["--all-tasks", "--cpu-list", "--pid", "0", "\(getpid())"]
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      try #require(process.terminationStatus == 0)
      #expect(availableProcessors() == 1)
    }
  }
}
