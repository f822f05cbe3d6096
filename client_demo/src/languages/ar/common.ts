import type { Subject } from '../catalogue';

export const common: Subject<'common'> = {
  home: 'Offrecord، صفحة البداية',
  close: 'إغلاق',
  done: 'تم',
  copy: 'نسخ',
  copied: 'تم النسخ',
  cancel: 'إلغاء',
  you: 'أنت',
  policy: 'سياسة الخصوصية',
  read: 'قراءة السياسة',
  unreachable: 'تعذّر الوصول إلى الخادم. يُرجى التحقق من اتصالك والمحاولة مرة أخرى.',
  unsaid: 'لم يذكر الخادم ما إذا كان ذلك قد تم. يُرجى المحاولة مرة أخرى بعد لحظات.',
};

export const time: Subject<'time'> = {
  now: 'الآن',
  seconds: 'قبل {number} ث',
  minutes: 'قبل {number} د',
  hours: 'قبل {number} س',
  some: 'بعض الوقت',
};
