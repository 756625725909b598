import Foundation
import SystemPackage
import Testing

@testable import CairnCore

@Suite struct DescriptorReadinessTests {
  private func makeNonBlocking(_ file: FileDescriptor) {
    #expect(fcntl(file.rawValue, F_SETFL, fcntl(file.rawValue, F_GETFL) | O_NONBLOCK) == 0)
  }

  @Test func aPipeIsReadyWhenThereIsSomethingToRead() throws {
    let (reading, writing) = try FileDescriptor.pipe()
    #expect(try !reading.isReady(for: .reading, within: 0))
    #expect(try !reading.isReady(for: .reading, within: 20))
    #expect(try writing.isReady(for: .writing, within: -1))
    try writing.writeAll([1])
    #expect(try reading.isReady(for: .reading, within: -1))
    var byte: UInt8 = 0
    let count = try withUnsafeMutableBytes(of: &byte) { try reading.readOnce(into: $0) }
    #expect(count == 1)
    #expect(try !reading.isReady(for: .reading, within: 0))
    try writing.close()
    #expect(try reading.isReady(for: .reading, within: -1), "the end is something to read")
    try reading.close()
    #expect(try reading.isReady(for: .reading, within: -1), "so is an error")
  }

  @Test func anInterruptionEndsTheWaitOnlyWhereItHasAnEnd() async {
    #if os(Linux)
      await #expect(processExitsWith: .success) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGUSR1, &action, nil)
        // Threads of the cooperative pool hold signals back.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGUSR1)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let (reading, writing) = try FileDescriptor.pipe()
        let caller = pthread_self()
        Thread.detachNewThread {
          for _ in 0..<20 {
            usleep(5000)
            pthread_kill(caller, SIGUSR1)
          }
          _ = try? writing.writeAll([1])
        }
        let start = ContinuousClock.now
        #expect(try !reading.isReady(for: .reading, within: 600_000))
        #expect(ContinuousClock.now - start < .seconds(300))
        #expect(try reading.isReady(for: .reading, within: -1))
      }
    #endif
  }

  @Test func aNonBlockingPipeIsWaitedFor() throws {
    let (reading, writing) = try FileDescriptor.pipe()
    makeNonBlocking(reading)
    makeNonBlocking(writing)
    let sent = [UInt8](repeating: 5, count: 300_000)
    Thread.detachNewThread {
      try? sent.withUnsafeBytes { try writing.writeFully($0) }
      try? writing.close()
    }
    usleep(10_000)
    var received = [UInt8](repeating: 0, count: 300_001)
    let count = try received.withUnsafeMutableBytes { try reading.readFully(into: $0) }
    #expect(count == sent.count)
    #expect(received.dropLast().allSatisfy { $0 == 5 })
    try reading.close()
  }
}
