"""The types of events with the account's Russian words for them."""

from __future__ import annotations

WORDS = {"lead": "Сделка", "contact": "Контакт", "company": "Компания", "customer": "Покупатель"}
NEW = {
    "lead": "Новая сделка",
    "contact": "Новый контакт",
    "company": "Новая компания",
    "customer": "Новый покупатель",
}
HAPPENED = {"deleted": "удаление", "restored": "восстановление", "linked": "прикрепление", "unlinked": "открепление"}
TYPES: dict[str, str] = {
    **{f"{word}_added": text for word, text in NEW.items()},
    **{f"{word}_{what}": f"{name}: {text}" for word, name in WORDS.items() for what, text in HAPPENED.items()},
    "catalog_element_linked": "Прикрепление элемента списка",
    "catalog_element_unlinked": "Открепление элемента списка",
    "lead_status_changed": "Изменение этапа продажи",
    "entity_responsible_changed": "Смена ответственного",
    "entity_tag_added": "Теги добавлены",
    "entity_tag_deleted": "Теги убраны",
    "sale_field_changed": "Изменение поля «Бюджет»",
    "name_field_changed": "Изменение поля «Название»",
    "custom_field_value_changed": "Изменение поля",
    "task_added": "Новая задача",
    "task_completed": "Завершение задачи",
    "task_deleted": "Удаление задачи",
    "task_deadline_changed": "Изменение даты исполнения задачи",
    "task_text_changed": "Изменение текста задачи",
    "task_type_changed": "Изменение типа задачи",
    "task_result_added": "Результат по задаче",
    "incoming_call": "Входящий звонок",
    "outgoing_call": "Исходящий звонок",
    "incoming_chat_message": "Входящее сообщение",
    "outgoing_chat_message": "Исходящее сообщение",
    "incoming_sms": "Входящее SMS",
    "outgoing_sms": "Исходящее SMS",
    "common_note_added": "Новое примечание",
    "common_note_deleted": "Примечание удалено",
    "attachment_note_added": "Добавлен новый файл",
    "service_note_added": "Новое системное примечание",
    "entity_merged": "Выполнено объединение",
    "transaction_added": "Добавлена покупка",
    "talk_created": "Беседа создана",
    "talk_closed": "Беседа закрыта",
}
