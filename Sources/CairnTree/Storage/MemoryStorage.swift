import CairnCore
import Synchronization

/// Pages in memory: for tests, and for trees that need not outlive the process.
public final class MemoryStorage: PageStorage {
  private let content: Mutex<[UInt8]>
  public let isReadOnly = false

  /// - Parameter bytes: What it holds at first, for instance a file that was read.
  public init(_ bytes: [UInt8] = []) {
    content = Mutex(bytes)
  }

  /// All of the bytes.
  public var bytes: [UInt8] { content.withLock { $0 } }

  public var byteCount: Int64 { content.withLock { Int64($0.count) } }

  public func read(at offset: Int64, into buffer: inout OutputRawSpan) -> Int {
    let bytes = content.withLock { bytes -> ArraySlice<UInt8> in
      guard offset >= 0, offset < Int64(bytes.count) else { return [] }
      let count = min(buffer.freeCapacity, bytes.count - Int(offset))
      return bytes[Int(offset)..<Int(offset) + count]
    }
    return buffer.append { free in
      bytes.withUnsafeBytes { free.copyMemory(from: $0) }
      return bytes.count
    }
  }

  public func write(_ bytes: RawSpan, at offset: Int64) {
    let new = Array(bytes)
    content.withLock { content in
      let end = Int(offset) + new.count
      if content.count < end {
        content.append(contentsOf: repeatElement(0, count: end - content.count))
      }
      content.replaceSubrange(Int(offset)..<end, with: new)
    }
  }

  public func resize(to byteCount: Int64) {
    content.withLock { content in
      let count = Int(byteCount)
      if count < content.count {
        content.removeLast(content.count - count)
      } else {
        content.append(contentsOf: repeatElement(0, count: count - content.count))
      }
    }
  }

  public func synchronize() {}
}
