import CairnCore
import Synchronization

/// Keeps what is written to it.
final class CollectingWriter: ByteWriter, Sendable {
  private let written = Mutex<[UInt8]>([])

  var bytes: [UInt8] { written.withLock { $0 } }

  func write(_ bytes: RawSpan) throws(IOError) {
    let copy = Array(bytes)
    written.withLock { $0.append(contentsOf: copy) }
  }
}
