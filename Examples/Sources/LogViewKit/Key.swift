/// What a person pressed.
public enum Key: Sendable, Hashable {
  /// Something that is written.
  case character(Character)
  /// A letter, pressed with the control key.
  case control(Character)
  case up, down, left, right, pageUp, pageDown, home, end
  case enter, tab, backspace, delete, escape
}
