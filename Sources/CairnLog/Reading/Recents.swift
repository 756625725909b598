/// The values that were used last, a fixed number of them.
struct Recents<Key: Hashable, Value> {
  private var values: [Key: Value] = [:]
  private var keys: [Key] = []
  private var next = 0
  private let limit: Int

  init(limit: Int) {
    self.limit = limit
  }

  subscript(key: Key) -> Value? { values[key] }

  mutating func insert(_ value: Value, for key: Key) {
    guard values.updateValue(value, forKey: key) == nil else { return }
    if keys.count < limit {
      keys.append(key)
    } else {
      values[keys[next]] = nil
      keys[next] = key
      next = (next + 1) % limit
    }
  }
}
