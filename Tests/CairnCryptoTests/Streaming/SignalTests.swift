import CairnCore
import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import CairnCrypto

private let interruptions = Atomic(0)

/// In processes of their own, since signals and what is done about them belong to a whole process.
@Suite("Signals and readers who have gone")
struct SignalTests {
  static func seal(
    _ input: FileDescriptor, _ output: FileDescriptor, workerCount: Int
  ) -> CryptoError? {
    do throws(CryptoError) {
      try Age.seal(
        from: input, to: output, recipients: [X25519Identity.generate().recipient],
        workerCount: workerCount, progress: NoProgress())
      return nil
    } catch {
      return error
    }
  }

  /// A pipe or a socket whose reader goes away after so many bytes.
  static func withAbsentReader(
    after count: Int, _ pair: (FileDescriptor, FileDescriptor),
    _ body: (FileDescriptor) throws -> Void
  ) throws {
    let (reading, writing) = pair
    let reader = Peer {
      var rest = count
      var buffer = [UInt8](repeating: 0, count: 10_000)
      while rest > 0 {
        let got = try buffer.withUnsafeMutableBytes { try reading.readOnce(into: $0) }
        if got == 0 { break }
        rest -= got
      }
      try reading.close()
    }
    if count == 0 { try reader.join() }
    try body(writing)
    try writing.close()
    try reader.join()
  }

  static var isBrokenPipePending: Bool {
    var pending = sigset_t()
    sigpending(&pending)
    return sigismember(&pending, SIGPIPE) == 1
  }

  static var isBrokenPipeBlocked: Bool {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return sigismember(&mask, SIGPIPE) == 1
  }

  @Test func aReaderWhoHasGoneIsAnErrorAndNoSignal() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let folder = try TemporaryFolder()
      let input = try folder.file("input", holding: LongSample.prefix(5_000_000))
      for count in [0, 1, 100_000, 2_000_000] {
        for workerCount in [1, 2, 8] {
          for isSocket in [false, true] {
            let pair = try isSocket ? FileDescriptor.socketPair() : FileDescriptor.pipe()
            try SignalTests.withAbsentReader(after: count, pair) { output in
              if workerCount == 2 { try output.makeNonBlocking() }
              try input.seek(offset: 0, from: .start)
              let error = SignalTests.seal(input, output, workerCount: workerCount)
              #expect(error?.code == .io)
              // A socket whose reader goes before it has read everything may say so once.
              let reason = (error?.cause as? IOError)?.errno
              #expect(reason == .brokenPipe || (isSocket && reason == .connectionReset))
            }
            #expect(!SignalTests.isBrokenPipePending)
            #expect(!SignalTests.isBrokenPipeBlocked)
          }
        }
      }
    }
  }

  @Test func aSignalThatTheHostHoldsBackStaysItsOwn() async {
    await #expect(processExitsWith: .success) {
      var brokenPipe = sigset_t()
      sigemptyset(&brokenPipe)
      sigaddset(&brokenPipe, SIGPIPE)
      pthread_sigmask(SIG_BLOCK, &brokenPipe, nil)
      let folder = try TemporaryFolder()
      let input = try folder.file("input", holding: [1, 2, 3])
      for isPending in [false, true] {
        if isPending { pthread_kill(pthread_self(), SIGPIPE) }
        try SignalTests.withAbsentReader(after: 0, FileDescriptor.pipe()) { output in
          let error = SignalTests.seal(input, output, workerCount: 1)
          #expect((error?.cause as? IOError)?.errno == .brokenPipe)
        }
        #expect(SignalTests.isBrokenPipePending == isPending)
        #expect(SignalTests.isBrokenPipeBlocked)
      }
    }
  }

  @Test func aHandlerOfTheHostIsNotCalled() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE) { _ in interruptions.add(1, ordering: .relaxed) }
      let folder = try TemporaryFolder()
      let input = try folder.file("input", holding: [1, 2, 3])
      try SignalTests.withAbsentReader(after: 0, FileDescriptor.pipe()) { output in
        let error = SignalTests.seal(input, output, workerCount: 1)
        #expect((error?.cause as? IOError)?.errno == .brokenPipe)
      }
      #expect(interruptions.load(ordering: .relaxed) == 0)
      raise(SIGPIPE)
      #expect(interruptions.load(ordering: .relaxed) == 1)
    }
  }

  #if os(Linux)
    /// A handler that makes system calls fail with `EINTR` runs all the time, in all threads.
    @Test func interruptedCallsAreCalledAgain() async {
      await #expect(processExitsWith: .success) {
        // Without SA_RESTART.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in interruptions.add(1, ordering: .relaxed) }
        sigaction(SIGUSR1, &action, nil)
        // Threads of the cooperative pool hold signals back; those that start from here on do not.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGUSR1)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let caller = pthread_self()
        let isOver = CancellationFlag()
        let interrupter = Peer {
          while !isOver.isSet {
            pthread_kill(caller, SIGUSR1)
            kill(getpid(), SIGUSR1)
            usleep(50)
          }
        }
        let identity = try X25519Identity.generate()
        let plain = LongSample.prefix(1_500_000)
        for (inputKind, outputKind) in [
          (InputEnd.Kind.pipe, OutputEnd.Kind.pipe), (.dribblingPipe, .socket),
          (.socket, .pausingPipe), (.pausingPipe, .pipe), (.file, .file),
        ] {
          for workerCount in [1, 8] {
            let comment: Comment = "\(inputKind) to \(outputKind), \(workerCount) workers"
            let folder = try TemporaryFolder()
            let input = try InputEnd(inputKind, holding: plain, in: folder)
            let sealed = try OutputEnd(outputKind, in: folder)
            try Age.seal(
              from: input.descriptor, to: sealed.descriptor, recipients: [identity.recipient],
              workerCount: workerCount, progress: NoProgress())
            let file = try sealed.finish(comment)
            try input.finish(comment)
            let again = try InputEnd(inputKind, holding: file, in: folder)
            let opened = try OutputEnd(outputKind, in: folder)
            try Age.open(
              from: again.descriptor, to: opened.descriptor, identities: [identity],
              limits: Header.Limits(), workerCount: workerCount, progress: NoProgress())
            expectSame(try opened.finish(comment), plain, comment)
            try again.finish(comment)
          }
        }
        isOver.set()
        try interrupter.join()
        #expect(interruptions.load(ordering: .relaxed) > 100)
      }
    }
  #endif
}
