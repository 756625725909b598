import Foundation
import SystemPackage
import Testing

@testable import CairnCore

@Suite struct ThreadPoolTests {
  @Test func neverRunsMoreThanTheLimit() async {
    let running = Monitor((now: 0, most: 0, done: 0))
    let pool = ThreadPool(limit: 3)
    for _ in 0..<200 {
      pool.submit {
        running.change {
          $0.now += 1
          $0.most = max($0.most, $0.now)
        }
        running.change {
          $0.now -= 1
          $0.done += 1
        }
      }
    }
    await ThreadPool.engines.run { running.wait { $0.done == 200 ? .some(()) : nil } }
    #expect(running.withLock { $0.most } <= 3)
  }

  @Test func usesAllItsThreadsAtOnce() async {
    // Each job waits for the others, so fewer threads would never finish.
    let arrived = Monitor(0)
    let pool = ThreadPool(limit: 4)
    await withTaskGroup { group in
      for _ in 0..<4 {
        group.addTask {
          await pool.run {
            arrived.change { $0 += 1 }
            arrived.wait { $0 == 4 ? .some(()) : nil }
          }
        }
      }
    }
    #expect(arrived.withLock { $0 } == 4)
  }

  @Test func oneThreadKeepsTheOrderOfSubmission() async {
    let order = Monitor<[Int]>([])
    let pool = ThreadPool(limit: 1)
    for number in 0..<500 { pool.submit { order.change { $0.append(number) } } }
    await pool.run {}
    #expect(order.withLock { $0 } == Array(0..<500))
  }

  @Test func errorsKeepTheirType() async {
    let pool = ThreadPool(limit: 1)
    do throws(Errno) {
      _ = try await pool.run { () throws(Errno) -> Int in throw .ioError }
      Issue.record("nothing was thrown")
    } catch {
      #expect(error == .ioError)
    }
  }

  @Test func workThatIsQueuedWhenThePoolIsReleasedIsDone() async {
    let done = Monitor(0)
    do {
      let pool = ThreadPool(limit: 1)
      for _ in 0..<100 { pool.submit { done.change { $0 += 1 } } }
    }
    await ThreadPool.engines.run { done.wait { $0 == 100 ? .some(()) : nil } }
    #expect(done.withLock { $0 } == 100)
  }

  #if os(Linux)
    @Test func threadsEndAfterTheirPoolIsReleased() async throws {
      let names = Monitor<Set<String>>([])
      do {
        let pool = ThreadPool(limit: 4)
        let arrived = Monitor(0)
        for _ in 0..<4 {
          pool.submit {
            if let name = try? currentThread() { names.change { _ = $0.insert(name) } }
            arrived.change { $0 += 1 }
            arrived.wait { $0 == 4 ? .some(()) : nil }
          }
        }
        await ThreadPool.engines.run { arrived.wait { $0 == 4 ? .some(()) : nil } }
      }
      // A test that hangs here has threads that do not end.
      for name in names.withLock({ $0 }) {
        while isAlive(name) { try await Task.sleep(for: .milliseconds(5)) }
      }
      #expect(names.withLock { $0.count } == 4)
    }
  #endif

  @Test func aTaskCanBeWaitedForFromAThread() async throws {
    let pool = ThreadPool(limit: 1)
    let sum = await pool.run {
      waitForTask { () async -> Int in
        await Task.yield()
        return 41 + 1
      }
    }
    #expect(sum == 42)
  }

  @Test func offeredWorkIsDoneLikeAnyOther() {
    let done = Monitor(0)
    let pool = ThreadPool(limit: 2)
    for _ in 0..<50 { #expect(pool.offer { done.change { $0 += 1 } }) }
    done.wait { $0 == 50 ? .some(()) : nil }
  }

  #if os(Linux)
    /// In a process of its own, which it limits.
    @Test func offeredWorkWaitsWhereThereAreNoThreads() async {
      await #expect(processExitsWith: .success) {
        let done = Monitor(0)
        let pool = ThreadPool(limit: 2)
        let addressSpace = __rlimit_resource_t(RLIMIT_AS.rawValue)
        var old = rlimit()
        #expect(getrlimit(addressSpace, &old) == 0)
        var none = old
        none.rlim_cur = 1 << 20
        #expect(setrlimit(addressSpace, &none) == 0)
        let hasThread = pool.offer { done.change { $0 += 1 } }
        #expect(setrlimit(addressSpace, &old) == 0)
        #expect(!hasThread)
        #expect(done.withLock { $0 } == 0)
        pool.submit { done.change { $0 += 1 } }
        done.wait { $0 == 2 ? .some(()) : nil }
      }
    }
  #endif
}
