import CairnCore
import Synchronization

/// Collects what is written to any of its copies.
struct CollectingWriter: ByteWriter, Sendable {
  private final class Storage: Sendable {
    let bytes = Mutex<[UInt8]>([])
  }
  private let storage = Storage()

  var bytes: [UInt8] { storage.bytes.withLock { $0 } }

  mutating func write(_ content: RawSpan) {
    let content = Array(content)
    storage.bytes.withLock { $0 += content }
  }
}
