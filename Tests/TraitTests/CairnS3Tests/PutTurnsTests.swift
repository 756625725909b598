import CairnChunks
import Testing

@testable import CairnS3

@Suite struct PutTurnsTests {
  private actor Counts {
    private(set) var now = 0
    private(set) var most = 0
    private(set) var ended = 0

    func begin() {
      now += 1
      most = max(most, now)
    }

    func end() {
      now -= 1
      ended += 1
    }
  }

  @Test func onePutsANameAtATime() async {
    let (turns, counts) = (PutTurns(), Counts())
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          guard await turns.begin(.test) else { return }
          await counts.begin()
          await counts.end()
          turns.end(.test)
        }
      }
    }
    #expect(await counts.most == 1)
    #expect(await counts.ended == 50)
  }

  @Test func otherNamesDoNotWait() async {
    let turns = PutTurns()
    #expect(await turns.begin(.test))
    #expect(await turns.begin(BlobName("other")!))
    turns.end(.test)
    #expect(await turns.begin(.test))
  }

  /// Who is cancelled ends at once, and the turn goes to the next.
  @Test func whoIsCancelledDoesNotWait() async {
    let turns = PutTurns()
    #expect(await turns.begin(.test))
    let cancelled = Task { await turns.begin(.test) }
    let patient = Task { await turns.begin(.test) }
    cancelled.cancel()
    #expect(await !cancelled.value)
    turns.end(.test)
    #expect(await patient.value)
    turns.end(.test)
    let late = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await turns.begin(.test)
    }
    #expect(await !late.value)
    #expect(await turns.begin(.test))
  }
}
